import FleetCore
import FleetTestSupport
import Testing

struct SignedStatementTests {
  private static let digest = ModelDigest(ofManifest: [1])
  private static let version = ModelVersion(name: "tag-reader", number: 3)

  @Test func saysExactlyTheseBytes() {
    let statement = SignedStatement(digest: Self.digest, version: Self.version, counter: 17, expires: 1_771_883_105)
    #expect(
      String(decoding: statement.bytes, as: UTF8.self) == """
        fleet manifest signature v1
        manifest \(Self.digest)
        version 3
        counter 17
        expires 1771883105
        name tag-reader

        """
    )
    let forEver = SignedStatement(digest: Self.digest, version: Self.version, counter: 17, expires: nil)
    #expect(String(decoding: forEver.bytes, as: UTF8.self).contains("\nexpires never\n"))
  }

  /// Also with a name that no manifest may have: a verifier must not depend on who checked it first.
  @Test func twoStatementsNeverHaveTheSameBytes() {
    var random = SeededRandom()
    let names = ["a", "a\nversion 1", "never\nname a", "a\n", "\n", "", "1"]
    var seen: [[UInt8]: SignedStatement] = [:]
    for _ in 0..<5000 {
      let statement = SignedStatement(
        digest: ModelDigest(ofManifest: [UInt8.random(in: 0...2, using: &random)]),
        version: ModelVersion(
          name: names.randomElement(using: &random) ?? "",
          number: Int.random(in: 1...12, using: &random)
        ),
        counter: UInt64.random(in: 1...12, using: &random),
        expires: random.chance(0.3) ? nil : UInt64.random(in: 0...12, using: &random)
      )
      if let other = seen.updateValue(statement, forKey: statement.bytes) {
        #expect(other == statement, "seed \(random.seed)")
      }
    }
  }
}
