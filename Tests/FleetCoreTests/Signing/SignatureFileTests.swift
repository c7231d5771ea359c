import FleetCore
import FleetTestSupport
import Testing

struct SignatureFileTests {
  private static let key = SHA256Text.hash([1])
  private static let bytes = String(repeating: "0f", count: 64)

  @Test func hasOneForm() throws {
    let signature = ManifestSignature(key: Self.key, counter: 17, expires: 1_771_883_105, signature: Self.bytes)
    let text = #"{"schema":1,"key":"\#(Self.key)","counter":17,"expires":1771883105,"signature":"\#(Self.bytes)"}"#
    #expect(String(decoding: signature.fileBytes, as: UTF8.self) == text)
    #expect(try ManifestSignature(parsing: Array(text.utf8)) == signature)
    let forEver = ManifestSignature(key: Self.key, counter: 17, signature: Self.bytes)
    let shorter = #"{"schema":1,"key":"\#(Self.key)","counter":17,"signature":"\#(Self.bytes)"}"#
    #expect(String(decoding: forEver.fileBytes, as: UTF8.self) == shorter)
    #expect(try ManifestSignature(parsing: Array(shorter.utf8)) == forEver)
    let other = #"{"signature": "\#(Self.bytes)", "expires": null, "counter": 17, "key": "\#(Self.key)", "schema": 1}"#
    #expect(try ManifestSignature(parsing: Array(other.utf8)) == forEver)
  }

  @Test func everyProblemIsSaidAtOnce() {
    expect(
      #"{"schema":2,"key":"AB","counter":0,"expires":1.5,"signature":"0f"}"#,
      """
      signature.json: schema: expected 1, found '2'
      signature.json: key: 'AB' is not a SHA-256
      signature.json: counter: expected 1 to 9007199254740991, found '0'
      signature.json: expires: expected Unix time in whole seconds, found '1.5'
      signature.json: signature: expected 128 lower-case hexadecimal digits (64 bytes), found 2 characters
      """
    )
  }

  @Test(arguments: [
    ("", "not a signature: not JSON"), ("[]", "not a signature: the document: expected a table"),
    ("{}", "not a signature: schema: missing"), (#"{"schema":1}"#, "not a signature: key: missing"),
    (#"{"schema":1,"key":1}"#, "not a signature: key: expected text"),
    (#"{"schema":1,"key":"k","counter":"1"}"#, "not a signature: counter: expected a whole number"),
  ])
  func saysWhichFieldIsWrong(_ json: String, _ words: String) { expect(json, "signature.json: \(words)") }

  @Test(arguments: [126, 127, 129, 130, 0])
  func refusesASignatureOfAnotherLength(_ digits: Int) {
    let text = String(repeating: "0", count: digits)
    expect(
      #"{"schema":1,"key":"\#(Self.key)","counter":1,"signature":"\#(text)"}"#,
      "signature.json: signature: expected 128 lower-case hexadecimal digits (64 bytes), found \(digits) characters"
    )
  }

  @Test(arguments: ["0F", "0g", " 0", "é"])
  func refusesASignatureInAnotherSpelling(_ digits: String) {
    let signature = ManifestSignature(key: Self.key, counter: 1, signature: digits + Self.bytes.dropFirst(2))
    #expect(signature.problems.count == 1)
  }

  @Test(arguments: [0, 9_007_199_254_740_992, .max] as [UInt64])
  func refusesACounterOutOfItsBounds(_ counter: UInt64) {
    #expect(ManifestSignature(key: Self.key, counter: counter, signature: Self.bytes).problems.count == 1)
  }

  @Test(arguments: [-1, 0.5, .nan, .infinity, 253_402_300_800, 1e300] as [Double])
  func refusesATimeThatIsNone(_ expires: Double) {
    let signature = ManifestSignature(key: Self.key, counter: 1, expires: expires, signature: Self.bytes)
    #expect(signature.problems == ["expires: expected Unix time in whole seconds, found '\(expires)'"])
  }

  @Test func refusesALongFileUnread() {
    let error = #expect(throws: CommandError.self) {
      _ = try ManifestSignature(parsing: [UInt8](repeating: UInt8(ascii: " "), count: 4097))
    }
    #expect(error?.message == "signature.json: 4097 bytes are more than the 4096 allowed")
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 4096)
    #expect(throws: CommandError.self) { _ = try ManifestSignature(parsing: deep) }
  }

  @Test func anyBytesAreASignatureOrAnError() throws {
    var random = SeededRandom()
    let seed = ManifestSignature(key: Self.key, counter: 17, expires: 1_771_883_105, signature: Self.bytes).fileBytes
    for _ in 0..<2000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[position] = .random(in: 0...255, using: &random)
        case 1: bytes.insert(#"{}[]",:0-e\."#.utf8.randomElement(using: &random) ?? 0, at: position)
        default: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...9, using: &random)))
        }
      }
      do throws(CommandError) {
        let signature = try ManifestSignature(parsing: bytes)
        #expect(signature.problems.isEmpty, "seed \(random.seed)")
        #expect(try ManifestSignature(parsing: signature.fileBytes) == signature, "seed \(random.seed)")
      } catch {
        #expect(error.code == .invalid && error.message.hasPrefix("signature.json: "), "seed \(random.seed)")
      }
    }
  }

  private func expect(_ json: String, _ message: String) {
    let error = #expect(throws: CommandError.self) { _ = try ManifestSignature(parsing: Array(json.utf8)) }
    #expect(error == CommandError(.invalid, message))
  }
}
