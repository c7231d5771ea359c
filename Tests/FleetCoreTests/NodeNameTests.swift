import FleetCore
import Testing

struct NodeNameTests {
  @Test(arguments: ["austin-01/a", "A/Z", "a.b_c-9/0", String(repeating: "s", count: 63) + "/a"])
  func readsWhatItPrints(_ text: String) throws {
    let name = try #require(NodeName(text))
    #expect(name.description == text)
    #expect(NodeName(name.description) == name)
  }

  @Test(arguments: [
    "", "/", "a", "a/", "/a", "a/b/c", "a b/c", "a/b ", "ä/b", "a/b\n", "a\0/b", "a*/b", "a//b", "a=b/c", "../a",
    "a/..", "./a", "a/.",
    String(repeating: "s", count: 64) + "/a",
  ])
  func refuses(_ text: String) {
    #expect(NodeName(text) == nil)
  }

  @Test func sortsByStoreThenNode() {
    let names = ["b/a", "a/c", "a/b"].compactMap { NodeName($0) }
    #expect(names.sorted().map(\.description) == ["a/b", "a/c", "b/a"])
  }
}
