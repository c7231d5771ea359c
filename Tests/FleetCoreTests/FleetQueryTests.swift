import FleetTestSupport
import Testing

@testable import FleetCore

struct FleetQueryTests {
  private static let fleet: FleetDefinition = {
    func store(_ name: String, _ labels: [String: String]) -> FleetDefinition.Store {
      let nodes = ["a", "b"].map { node in
        FleetDefinition.Node(
          name: NodeName(store: name, node: node),
          address: "\(name):\(node == "a" ? 1 : 2)",
          labels: labels.merging(node == "b" ? ["spare": "yes"] : [:]) { $1 }
        )
      }
      return FleetDefinition.Store(name: name, labels: labels, nodes: nodes)
    }
    return FleetDefinition(
      name: "acme",
      stores: [
        store("austin-01", ["region": "south", "tier": "canary"]),
        store("denver-02", ["region": "west", "tier": "standard"]),
        store("miami-03", ["region": "south", "tier": "standard"]),
      ]
    )
  }()

  @Test(arguments: [
    ("", "Aa Ab Da Db Ma Mb"), ("all", "Aa Ab Da Db Ma Mb"), ("*", "Aa Ab Da Db Ma Mb"), ("*/*", "Aa Ab Da Db Ma Mb"),
    ("denver-02", "Da Db"), ("denver-02/b", "Db"), ("*/a", "Aa Da Ma"), ("austin-*", "Aa Ab"), ("*-0*/b", "Ab Db Mb"),
    ("*mi*", "Ma Mb"), ("denver", ""), ("DENVER-02", ""), ("region=south", "Aa Ab Ma Mb"),
    ("region=*", "Aa Ab Da Db Ma Mb"),
    ("region=s*h", "Aa Ab Ma Mb"), ("region=", "!"), ("city=*", ""), ("spare=yes", "Ab Db Mb"),
    ("region=south and not tier=canary", "Ma Mb"), ("not region=south", "Da Db"), ("not not denver-02", "Da Db"),
    // 'not' binds tighter than 'and', 'and' tighter than 'or'.
    ("denver-02 or region=south and */a", "Aa Da Db Ma"), ("(denver-02 or region=south) and */a", "Aa Da Ma"),
    ("not region=south and */a", "Da"), ("not (region=south and */a)", "Ab Da Db Mb"),
    ("region=south and */a or denver-02", "Aa Da Db Ma"), ("not all or miami-03/a", "Ma"),
    ("not(austin-01)and*/b", "!"),
    ("not(austin-01)and(*/b)", "Db Mb"), ("not(austin-01) and(*/b)", "Db Mb"), ("\tdenver-02\n", "Da Db"),
  ])
  func selects(_ text: String, _ expected: String) {
    let found: String
    do {
      let nodes = try FleetQuery(parsing: text).select(from: Self.fleet)
      found = nodes.map { "\($0.name.store.prefix(1).uppercased())\($0.name.node)" }.joined(separator: " ")
    } catch {
      found = "!"
    }
    #expect(found == expected, "\(text)")
  }

  @Test(arguments: [
    ("and", 1, "expected a name or LABEL=VALUE, found 'and'"),
    ("a and", 6, "expected a name or LABEL=VALUE, found the end"),
    ("a  or   and b", 9, "expected a name or LABEL=VALUE, found 'and'"),
    ("a b", 3, "expected 'and' or 'or', found 'b'"),
    ("not", 4, "expected a name or LABEL=VALUE, found the end"), ("()", 2, "expected a name or LABEL=VALUE, found ')'"),
    ("(a or b", 8, "expected ')' for the '(' in column 1"), ("a or (b c)", 9, "expected ')' for the '(' in column 6"),
    ("a)", 2, "expected 'and' or 'or', found ')'"), ("a/b/c", 1, "'a/b/c' is not a store, a store/node or LABEL=VALUE"),
    ("a and ü", 7, "'ü' is not a store, a store/node or LABEL=VALUE"), ("=b", 1, "expected LABEL=VALUE, found '=b'"),
    ("a or b=", 6, "expected LABEL=VALUE, found 'b='"), ("/", 1, "'/' is not a store, a store/node or LABEL=VALUE"),
    ("a/ or b", 1, "'a/' is not a store, a store/node or LABEL=VALUE"),
    ("ä=1 x", 5, "expected 'and' or 'or', found 'x'"),
  ])
  func saysWhereItIsWrong(_ text: String, _ column: Int, _ problem: String) {
    let error = #expect(throws: FleetQueryError.self) { _ = try FleetQuery(parsing: text) }
    #expect(error?.column == column)
    #expect(error?.problem == problem)
    #expect(error?.description == "query, column \(column): \(problem)")
  }

  @Test func noTextExhaustsTheStack() throws {
    func problem(_ text: String) -> String? {
      #expect(throws: FleetQueryError.self) { _ = try FleetQuery(parsing: text) }?.problem
    }
    let deep = String(repeating: "( ", count: 63) + "a" + String(repeating: " )", count: 63)
    #expect(try FleetQuery(parsing: deep) == .name(store: "a", node: "*"))
    #expect(problem("(" + deep + ")") == "nested too deeply")
    #expect(problem(String(repeating: "not ", count: 100) + "a") == "nested too deeply")
    #expect(problem(String(repeating: "(", count: 10_000)) == "more than 1024 words and parentheses")
    #expect(problem(String(repeating: "a or ", count: 100_000) + "a") == "more than 1024 words and parentheses")
    let long = try FleetQuery(parsing: String(repeating: "x or ", count: 511) + "all")
    #expect(long.select(from: Self.fleet).count == 6)
  }

  @Test func starsDoNotMakeMatchingSlow() {
    let pattern = String(repeating: "*a", count: 2000) + "*b"
    let clock = ContinuousClock()
    let start = clock.now
    #expect(!Glob.matches(pattern, String(repeating: "a", count: 4000)))
    #expect(clock.now - start < .seconds(30))
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", true), ("**", "a", true), ("a*", "a", true), ("a*b", "ab", true),
    ("a*b", "aXbYb", true), ("a*b", "aXbY", false), ("*a*", "bab", true), ("a*a", "a", false), ("*.b", "a.b", true),
  ])
  func globs(_ pattern: String, _ text: String, _ expected: Bool) {
    #expect(Glob.matches(pattern, text) == expected)
  }

  @Test func queriesObeyLogic() throws {
    var random = SeededRandom()
    for _ in 0..<500 {
      let left = Self.randomText(depth: 4, &random)
      let right = Self.randomText(depth: 4, &random)
      func selected(_ text: String) throws -> Set<NodeName> {
        Set(try FleetQuery(parsing: text).select(from: Self.fleet).map(\.name))
      }
      let all = try selected("all")
      let a = try selected(left)
      let b = try selected(right)
      let why: Comment = "\(left) | \(right), seed \(random.seed)"
      #expect(try selected("not not (\(left))") == a, why)
      #expect(try selected("not (\(left))") == all.subtracting(a), why)
      #expect(try selected("(\(left)) and (\(right))") == a.intersection(b), why)
      #expect(try selected("(\(left)) or (\(right))") == a.union(b), why)
      #expect(try selected("not ((\(left)) or (\(right)))") == selected("not (\(left)) and not (\(right))"), why)
    }
  }

  @Test func anyTextIsAQueryOrAnErrorWithinIt() {
    var random = SeededRandom()
    let words = [
      "and", "or", "not", "(", ")", "all", "*", "a", "a/b", "k=v", "=", "/", " ", "\t", "ü", "\u{301}", "\0", "👩‍👩‍👧",
    ]
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        (words.randomElement(using: &random) ?? "") + (random.chance(0.6) ? " " : "")
      }.joined()
      do {
        _ = try FleetQuery(parsing: text).select(from: Self.fleet)
      } catch {
        #expect((1...text.count + 1).contains(error.column), "\(text), seed \(random.seed)")
        #expect(!error.problem.isEmpty)
      }
    }
  }

  private static func randomText(depth: Int, _ random: inout SeededRandom) -> String {
    let leaves = ["all", "denver-02", "*/a", "austin-*", "region=south", "tier=*", "miami-03/b", "nowhere"]
    guard depth > 0, random.chance(0.7) else { return leaves.randomElement(using: &random) ?? "all" }
    let left = randomText(depth: depth - 1, &random)
    switch Int.random(in: 0...3, using: &random) {
    case 0: return "not \(left)"
    case 1: return "(\(left))"
    case 2: return "\(left) and \(randomText(depth: depth - 1, &random))"
    default: return "\(left) or \(randomText(depth: depth - 1, &random))"
    }
  }
}
