import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct ModelVersionTests {
  private static let digits = String(repeating: "0a", count: 32)

  @Test func readsWhatItPrints() throws {
    let version = try #require(ModelVersion("tag-reader@3"))
    #expect(version == ModelVersion(name: "tag-reader", number: 3))
    #expect(version.description == "tag-reader@3")
  }

  @Test(arguments: [
    "", "@", "tag-reader", "tag-reader@", "@3", "tag-reader@0", "tag-reader@-1", "tag-reader@+3", "tag-reader@03",
    "tag-reader@3.0", "tag-reader@3@4", "tag reader@3", "tag-reader@ 3", "tag-reader@99999999999999999999", "a/b@1",
    "..@1",
    "tag-reader@latest", "tag-reader@\u{663}",
  ])
  func refuses(_ text: String) {
    #expect(ModelVersion(text) == nil)
  }

  @Test func sortsByNumberNotByText() {
    let versions = ["b@1", "a@10", "a@9"].compactMap { ModelVersion($0) }
    #expect(versions.sorted().map(\.description) == ["a@9", "a@10", "b@1"])
  }

  @Test func digestIsTheHashOfTheManifest() throws {
    // FIPS 180-2, appendix B.1.
    let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let digest = ModelDigest(ofManifest: "abc".utf8)
    #expect(digest.text == abc)
    #expect(digest.short == "ba7816bf8f01")
    #expect(ModelDigest(abc) == digest)
    #expect(try JSONDecoder().decode(ModelDigest.self, from: JSONEncoder().encode(digest)) == digest)
  }

  @Test(arguments: [
    "", "sha256:", digits, "sha256:\(digits)0", "SHA256:\(digits)", "sha256:\(digits.uppercased())", "md5:x",
  ])
  func refusesDigests(_ text: String) {
    #expect(ModelDigest(text) == nil)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(ModelDigest.self, from: JSONEncoder().encode(text)) }
  }

  @Test func hashingInPiecesIsHashingTheWhole() {
    var random = SeededRandom()
    for _ in 0..<20 {
      let bytes = (0..<Int.random(in: 0...1000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let cut = Int.random(in: 0...bytes.count, using: &random)
      var hasher = SHA256Text.Hasher()
      hasher.update(Array(bytes[..<cut]))
      hasher.update(Array(bytes[cut...]))
      #expect(hasher.finish() == SHA256Text.hash(bytes), "seed \(random.seed)")
    }
  }
}
