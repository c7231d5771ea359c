import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct ModelManifestTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/models")
  private static let hash = SHA256Text.hash([])

  @Test(arguments: 1...4)
  func theCommittedManifestIsInCanonicalForm(_ number: Int) throws {
    let folder = Self.fixtures.appending(path: "tag-reader/\(number)")
    let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "manifest.json")))
    let manifest = try ModelManifest(parsing: bytes)
    #expect(manifest.canonicalBytes == bytes)
    #expect(manifest.version == ModelVersion(name: "tag-reader", number: number))
    #expect(manifest.digest == ModelDigest(ofManifest: bytes))
    for file in manifest.files {
      let contents = [UInt8](try Data(contentsOf: folder.appending(path: file.path)))
      #expect(UInt64(contents.count) == file.bytes)
      #expect(SHA256Text.hash(contents) == file.sha256)
    }
  }

  @Test func theFormIsTheSameHoweverItWasWritten() throws {
    let canonical =
      #"{"schema":1,"name":"m","version":2,"files":[{"path":"a/b.bin","bytes":7,"sha256":"\#(Self.hash)"},"#
      + #"{"path":"b.xml","bytes":18446744073709551608,"sha256":"\#(Self.hash)"}]}"#
    let other = """
      { "files" : [ {"bytes": 18446744073709551608, "sha256": "\(Self.hash)", "path": "b.xml"},
        {"path": "a\\/b\\u002ebin", "sha256": "\(Self.hash)", "bytes": 7} ], "version": 2, "name": "m", "schema": 1 }

      """
    let manifest = try ModelManifest(parsing: Array(other.utf8))
    #expect(String(decoding: manifest.canonicalBytes, as: UTF8.self) == canonical)
    #expect(manifest == (try ModelManifest(parsing: Array(canonical.utf8))))
    #expect(manifest.totalBytes == .max)
  }

  @Test func everyProblemIsSaidAtOnce() {
    let json = """
      {"schema": 2, "name": "a b", "version": 0, "files": [
        {"path": "../x", "bytes": 18446744073709551615, "sha256": "00"},
        {"path": "m", "bytes": 1, "sha256": "\(Self.hash)"},
        {"path": "m", "bytes": 1, "sha256": "\(Self.hash.uppercased())"},
        {"path": "m/n", "bytes": 0, "sha256": "\(Self.hash)"}]}
      """
    expect(
      json,
      """
      manifest.json: schema: expected 1, found '2'
      manifest.json: name: 'a b' is not a model name
      manifest.json: version: expected a positive integer, found '0'
      manifest.json: files[0].path: '../x' is not a path within the version's folder
      manifest.json: files[0].sha256: '00' is not a SHA-256
      manifest.json: files[1].path: 'm' is a folder of other files
      manifest.json: files[2].path: 'm' is listed twice
      manifest.json: files[2].path: 'm' is a folder of other files
      manifest.json: files[2].sha256: '\(Self.hash.uppercased())' is not a SHA-256
      manifest.json: files: their sizes add up to more than any disk holds
      """
    )
  }

  @Test(arguments: [
    ("", "not JSON"), ("{", "not JSON"), ("null", "the document: expected a table, found null"),
    ("[]", "the document: expected a table"), ("{}", "schema: missing"),
    (#"{"schema":"1"}"#, "schema: expected a whole number"),
    (#"{"schema":1,"name":1}"#, "name: expected text"), (#"{"schema":1,"name":"m","version":1}"#, "files: missing"),
    (#"{"schema":1,"name":"m","version":1,"files":{}}"#, "files: expected a list"),
    (#"{"schema":1,"name":"m","version":1,"files":[1]}"#, "files[0]: expected a table"),
    (#"{"schema":1,"name":"m","version":1,"files":[{"path":null}]}"#, "files[0].path: expected text, found null"),
    (#"{"schema":1,"name":"m","version":1,"files":[]}"#, "files: a version needs at least one file"),
  ])
  func saysWhichFieldIsWrong(_ json: String, _ expected: String) {
    let error = #expect(throws: CommandError.self) { _ = try ModelManifest(parsing: Array(json.utf8)) }
    #expect(error?.code == .invalid)
    let message = error?.message ?? ""
    #expect(message.hasPrefix("manifest.json: ") && message.hasSuffix(": \(expected)"), "\(message)")
  }

  @Test(arguments: [
    "-1", "1.5", "18446744073709551616", "1e400", "\"1\"", "null", "true",
  ])
  func refusesASizeThatIsNone(_ bytes: String) {
    let json = #"{"schema":1,"name":"m","version":1,"files":[{"path":"m","bytes":\#(bytes),"sha256":"\#(Self.hash)"}]}"#
    let error = #expect(throws: CommandError.self) { _ = try ModelManifest(parsing: Array(json.utf8)) }
    #expect(
      error?.message.contains("files[0].bytes") == true || error?.message.hasSuffix("not JSON") == true,
      "\(error?.message ?? "")"
    )
  }

  @Test(arguments: [
    "", ".", "..", "/", "/etc/passwd", "a/", "/a", "a//b", "./a", "a/.", "a/..", "a/../b", "..\\a", "a\\b", "a\0b",
    "a\nb", "a b",
    "~/a", "ä", "a/b/c/d/e/f/g/h/i", "manifest.json", "c:a", "%2e%2e/a", String(repeating: "a", count: 64),
  ])
  func refusesAPathThatLeavesItsFolder(_ path: String) {
    #expect(
      problems([path]) == ["files[0].path: '\(path)' is not a path within the version's folder"]
    )
  }

  @Test(arguments: ["a", "a.b", "..a", "...", "a/manifest.json", "a/b/c/d/e/f/g/h", "-a", "Manifest.json"])
  func takesAPathWithinItsFolder(_ path: String) {
    #expect(problems([path]).isEmpty)
  }

  @Test func signatureIsNoneOfTheFiles() {
    #expect(
      problems(["signature.json", "a/signature.json"])
        == ["files[1].path: 'signature.json' is kept for the manifest's signature; give the file another name"]
    )
  }

  @Test(arguments: ["", ".", "..", "a/b", "a b", String(repeating: "m", count: 64)])
  func refusesANameThatIsNoFolder(_ name: String) {
    let file = ModelManifest.File(path: "f", bytes: 1, sha256: Self.hash)
    let manifest = ModelManifest(version: ModelVersion(name: name, number: 1), files: [file])
    #expect(manifest.problems == ["name: '\(name)' is not a model name"])
  }

  @Test func boundsAreHeld() {
    #expect(problems((0..<256).map { "f\($0)" }).isEmpty)
    #expect(problems((0..<257).map { "f\($0)" }) == ["files: 257 are more than the 256 allowed"])
    #expect(problems((0..<5000).map { "../f\($0)" }).count <= 257, "a hostile manifest does not make a long answer")
    let long = [UInt8](repeating: UInt8(ascii: " "), count: ModelManifest.maximumManifestBytes + 1)
    let error = #expect(throws: CommandError.self) { _ = try ModelManifest(parsing: long) }
    #expect(error?.message == "manifest.json: 1048577 bytes are more than the 1048576 allowed")
  }

  @Test(.timeLimit(.minutes(1))) func manySlashesCostNothing() {
    let path = String(repeating: "/", count: 1_000_000)
    let clock = ContinuousClock()
    let start = clock.now
    #expect(problems([path]).count == 1)
    #expect(clock.now - start < .seconds(10))
  }

  @Test func anyBytesAreAManifestOrAnError() throws {
    var random = SeededRandom()
    let seed = [UInt8](try Data(contentsOf: Self.fixtures.appending(path: "tag-reader/1/manifest.json")))
    for _ in 0..<3000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes[position] = .random(in: 0...255, using: &random)
        case 1: bytes.insert(#"{}[]",:0-e\."#.utf8.randomElement(using: &random) ?? 0, at: position)
        case 2: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...9, using: &random)))
        default: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + 20)], at: position)
        }
        if bytes.isEmpty { bytes = seed }
      }
      do throws(CommandError) {
        let manifest = try ModelManifest(parsing: bytes)
        #expect(manifest.problems.isEmpty, "seed \(random.seed)")
        #expect(try ModelManifest(parsing: manifest.canonicalBytes) == manifest, "seed \(random.seed)")
      } catch {
        #expect(error.code == .invalid && error.message.hasPrefix("manifest.json: "), "seed \(random.seed)")
      }
    }
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 19)
    #expect(throws: CommandError.self) { _ = try ModelManifest(parsing: deep) }
  }

  private func problems(_ paths: [String]) -> [String] {
    let files = paths.map { ModelManifest.File(path: $0, bytes: 1, sha256: Self.hash) }
    return ModelManifest(version: ModelVersion(name: "m", number: 1), files: files).problems
  }

  private func expect(_ json: String, _ message: String) {
    let error = #expect(throws: CommandError.self) { _ = try ModelManifest(parsing: Array(json.utf8)) }
    #expect(error == CommandError(.invalid, message))
  }
}
