import FleetCore
import FleetTestSupport
import FoundationEssentials
import Synchronization
import Testing

@testable import FleetAgent

struct BudgetTests {
  private static let a = NodeName(store: "austin-01", node: "a")
  private static let b = NodeName(store: "austin-01", node: "b")

  /// The way to an agent that may not be there yet, or any more.
  private final class Link: NodeAgent {
    let name: NodeName
    private let agent = Mutex<LocalAgent?>(nil)

    init(_ name: NodeName) { self.name = name }

    func lead(to agent: LocalAgent?) { self.agent.withLock { $0 = agent } }

    private func reached() throws(CommandError) -> LocalAgent {
      guard let agent = agent.withLock({ $0 }) else { throw CommandError(.unreachable, "\(name) is away") }
      return agent
    }

    func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
      try await reached().answer(request, from: caller)
    }

    func describe() async throws(CommandError) -> NodeDescription { try await reached().describe() }
    func execute(_ command: Command) async throws(CommandError) -> Outcome { try await reached().execute(command) }
    func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
      AsyncThrowingStream { $0.finish() }
    }
  }

  /// A store of two whole agents that reach each other.
  private final class Store {
    let links = [BudgetTests.a: Link(BudgetTests.a), BudgetTests.b: Link(BudgetTests.b)]
    var nodes: [NodeName: TestNode] = [:]

    init() async throws {
      for name in [BudgetTests.a, BudgetTests.b] { try await start(name) }
    }

    func start(_ name: NodeName, in folder: TemporaryFolder? = nil) async throws {
      let sibling = name == BudgetTests.a ? BudgetTests.b : BudgetTests.a
      let way: [NodeName: any NodeAgent] = links[sibling].map { [sibling: $0] } ?? [:]
      let node = try await TestNode(folder: folder, siblings: [sibling], links: way) { $0.node = name }
      nodes[name] = node
      let version = TestVersion.tiny(1)
      if folder == nil {
        try await version.push(to: node.agent)
        _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
      }
      try await node.frame("serves") { $0.engine.state == .serving }
      links[name]?.lead(to: node.agent)
    }

    func node(_ name: NodeName) throws -> TestNode { try #require(nodes[name]) }

    func stop(_ name: NodeName) async throws {
      links[name]?.lead(to: nil)
      try await node(name).stop()
      // The state folder is for the next agent.
      nodes[name] = nil
    }
  }

  private static func drain(_ node: TestNode, by person: String) async -> Result<Outcome, CommandError> {
    do throws(CommandError) {
      return .success(try await node.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: person))))
    } catch {
      return .failure(error)
    }
  }

  /// Two operators on two consoles, at the same moment, again and again.
  @Test(.timeLimit(.minutes(2))) func atMostOneOfTwoDrainsAtOnceWins() async throws {
    let store = try await Store()
    let (a, b) = (try store.node(Self.a), try store.node(Self.b))
    var wins = 0
    for _ in 0..<20 {
      async let first = Self.drain(a, by: "kim")
      async let second = Self.drain(b, by: "lee")
      let results = await [first, second]
      let failures = results.compactMap { result in if case .failure(let error) = result { error } else { nil } }
      #expect(failures.count >= 1, "both nodes of the store are drained: \(results)")
      #expect(failures.allSatisfy { $0.code == .refused }, "\(failures)")
      wins += 2 - failures.count
      // Whoever has left comes back before the other can be free of its promise.
      for node in [a, b] { _ = try await node.agent.execute(.undrain(orderedBy: "kim")) }
      for (node, other) in [(a, Self.b), (b, Self.a)] {
        try await node.frame("serves again") { $0.availability == .serving }
        // Neither stays for the other any more.
        try await eventually("no promise is left of \(other)", within: .seconds(30)) { await node.parts.budget.isFree }
      }
    }
    #expect(wins > 0)
    for node in [a, b] { await node.stop() }
  }

  @Test(.timeLimit(.minutes(1))) func aPromiseOutlivesTheAgent() async throws {
    let store = try await Store()
    let a = try store.node(Self.a)
    _ = try await a.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: "kim")))
    let folder = try store.node(Self.b).folder
    try await store.stop(Self.b)
    try await store.start(Self.b, in: folder)
    let b = try store.node(Self.b)
    #expect(await !b.parts.budget.isFree)
    let result = await Self.drain(b, by: "lee")
    guard case .failure(let error) = result else {
      Issue.record("both nodes of the store are drained")
      return
    }
    #expect(error.code == .refused)
    #expect(error.message.contains("austin-01/a is drained itself, by kim") && error.message.contains("--force"))
    // It is back, and the other may go.
    _ = try await a.agent.execute(.undrain(orderedBy: "kim"))
    try await eventually("b stays for nobody", within: .seconds(30)) { await b.parts.budget.isFree }
    _ = try await b.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: "lee")))
    for node in [a, b] { await node.stop() }
  }

  @Test(.timeLimit(.minutes(1))) func aSiblingThatIsAwayPromisesNothing() async throws {
    let store = try await Store()
    try await store.stop(Self.b)
    let a = try store.node(Self.a)
    let result = await Self.drain(a, by: "kim")
    guard case .failure(let error) = result else {
      Issue.record("the last node of the store is drained")
      return
    }
    #expect(
      error.message.hasPrefix("austin-01/a is the last serving node of austin-01 (austin-01/b does not answer)")
        && error.message.hasSuffix("--force drains it all the same")
    )
    try await a.frame("serves") { $0.availability == .serving }
    _ = try await a.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: "kim", isForced: true)))
    await a.stop()
  }
}
