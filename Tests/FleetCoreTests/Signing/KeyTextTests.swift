import FleetCore
import FleetTestSupport
import Foundation
import Testing

/// Made with OpenSSL 3.0.19: `openssl genpkey -algorithm ed25519`, `openssl pkey -pubout`, `openssl pkeyutl -sign -rawin`.
enum OpenSSLKey {
  static let privateText = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIG0RcjB8HjrWchakY4kF/1Gw2v1SmENQoqssdngX/QRF
    -----END PRIVATE KEY-----
    """
  static let publicText = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEACN/ut/omw0zF4Va3+a3uFYVFCwWuOnXtN6n15GSjLJA=
    -----END PUBLIC KEY-----
    """
  static let fingerprint = "b881ba254cc39e58f633fc7acb0d95c43b24d7d2ca7fc78800bcad2adc530ab7"
  /// Of the statement of the fixture tag-reader@1 with the counter 1764107105, which expires at 1771883105.
  static let signature =
    "f911bd463e417a31a590b770374d578c67e56c39ba24f3b7f1f2de56397cdd5a"
    + "ca4e73f99d9b38ecdfbb05cc04505c2ce074a37af1ecdb1667d42fe931c46004"
}

struct KeyTextTests {
  @Test func whatIsWrittenIsRead() throws {
    let key = SigningKey()
    let again = try SigningKey(parsing: key.text(name: "release"))
    #expect(again.publicKey == key.publicKey)
    let text = key.publicKey.text(name: "release")
    #expect(try PublicKey.list(parsing: text) == [key.publicKey])
    #expect(text.hasPrefix("# fleet public key 'release', fingerprint \(key.publicKey.fingerprint)\n"))
    #expect(try PublicKey.list(parsing: text.replacing("\n", with: "\r\n")) == [key.publicKey])
    #expect(SigningKey().publicKey != key.publicKey)
  }

  @Test func aFileMayHoldSeveralKeys() throws {
    let keys = (0..<3).map { _ in SigningKey().publicKey }
    let text = keys.map { $0.text(name: "k") }.joined(separator: "\n")
    #expect(try PublicKey.list(parsing: text) == keys)
  }

  @Test func readsWhatOpenSSLWrites() throws {
    let key = try SigningKey(parsing: OpenSSLKey.privateText)
    #expect(try PublicKey.list(parsing: OpenSSLKey.publicText) == [key.publicKey])
    #expect(key.publicKey.fingerprint == OpenSSLKey.fingerprint)
  }

  @Test func signsAndVerifiesAsOpenSSLDoes() throws {
    let path = Repository.fixture("signatures/manifests/1.json")
    let manifest = try ModelManifest(parsing: [UInt8](try Data(contentsOf: URL(filePath: path))))
    let signature = ManifestSignature(
      key: OpenSSLKey.fingerprint,
      counter: 1_764_107_105,
      expires: 1_771_883_105,
      signature: OpenSSLKey.signature
    )
    let trusted = TrustedKeys(try PublicKey.list(parsing: OpenSSLKey.publicText))
    try trusted.verify(signature, of: manifest.version, digest: manifest.digest)
    let key = try SigningKey(parsing: OpenSSLKey.privateText)
    #expect(try key.sign(manifest, counter: 1_764_107_105, expires: 1_771_883_105) == signature)
  }

  private static let p256 = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERDQSq5vot8KAmm1fXWpu6onbpkn/
    q5noK+S3bypPfjBt0OCrpqBbgci+flT4XaZkZItTTBNJ0VgUh90hQfc/8w==
    -----END PUBLIC KEY-----
    """
  private static let x25519 = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VuAyEAKEI6V63FhLhjeIMcTLkpfDvUIqUXzwsI1qZjJGSASh8=
    -----END PUBLIC KEY-----
    """

  @Test(arguments: [
    ("", "holds no key"), ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA ops", "holds no key"),
    (OpenSSLKey.privateText, "holds a private key: whoever has it can sign"),
    (p256.replacing("8w==", with: "8g=="), "no point on the curve P-256"), (x25519, "another kind than Ed25519"),
    (OpenSSLKey.publicText.replacing("JA=", with: "J="), "not base64"),
    (OpenSSLKey.publicText.replacing("MCow", with: "MCo"), "not base64"),
    (String(OpenSSLKey.publicText.dropLast(3)), "is missing: the file is cut off"),
    (OpenSSLKey.publicText.replacing("JA=", with: "JAAAA=="), "32 bytes, this one has 34"),
    (OpenSSLKey.publicText.replacing("PUBLIC KEY", with: "CERTIFICATE"), "holds a 'CERTIFICATE'"),
    (String(repeating: "x", count: 70_000), "70000 bytes are more than the 65536"),
  ])
  func refusesAPublicKeyThatIsNone(_ text: String, _ words: String) {
    let error = #expect(throws: CommandError.self) { _ = try PublicKey.list(parsing: text) }
    #expect(error?.code == .invalid && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [
    ("", "holds no signing key"), (OpenSSLKey.publicText, "holds no signing key"),
    (OpenSSLKey.privateText + "\n" + OpenSSLKey.privateText, "expected one"),
    (OpenSSLKey.privateText.replacing("/QRF", with: ""), "another kind than Ed25519"),
    (OpenSSLKey.privateText.replacing("K2Vw", with: "K2Vu"), "another kind than Ed25519"),
    (OpenSSLKey.privateText.replacing("PRIVATE KEY", with: "ENCRYPTED PRIVATE KEY"), "holds an encrypted key"),
    (String(OpenSSLKey.privateText.dropLast(1)), "is missing: the file is cut off"),
  ])
  func refusesASigningKeyThatIsNone(_ text: String, _ words: String) {
    let error = #expect(throws: CommandError.self) { _ = try SigningKey(parsing: text) }
    #expect(error?.code == .invalid && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  /// 32 zero bytes, say, are a point of order 4: one of four signatures that anybody can make would verify.
  @Test(arguments: [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ])
  func refusesAKeyThatTakesForgedSignatures(_ hex: String) throws {
    let header = try #require(HexText.bytes("302a300506032b6570032100", count: 12))
    let bytes = Data(header + (try #require(HexText.bytes(hex, count: 32))))
    let text = "-----BEGIN PUBLIC KEY-----\n\(bytes.base64EncodedString())\n-----END PUBLIC KEY-----\n"
    let error = #expect(throws: CommandError.self) { _ = try PublicKey.list(parsing: text) }
    #expect(error?.message.contains("no key that anybody made") == true)
  }

  @Test func anyTextIsKeysOrAnError() throws {
    var random = SeededRandom()
    let seed = Array(SigningKey().publicKey.text(name: "k").utf8)
    for _ in 0..<2000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...5, using: &random) where !bytes.isEmpty {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes[position] = .random(in: 0...255, using: &random)
        case 1: bytes.insert(.random(in: 0...127, using: &random), at: position)
        default: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...40, using: &random)))
        }
      }
      do throws(CommandError) {
        let keys = try PublicKey.list(parsing: String(decoding: bytes, as: UTF8.self))
        #expect(keys.allSatisfy { $0.bytes.count == 32 }, "seed \(random.seed)")
      } catch {
        #expect(error.code == .invalid, "seed \(random.seed)")
      }
    }
  }
}
