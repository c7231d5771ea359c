import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Testing

@testable import FleetAgent

/// What an agent makes of a golden set.
struct GoldenTests {
  private static func serving(_ version: TestVersion) async throws -> TestNode {
    let node = try await TestNode()
    try await version.push(to: node.agent)
    _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
    return node
  }

  @Test func changedOnDiskIsNotBelieved() async throws {
    let version = TestVersion.golden(1)
    let node = try await Self.serving(version)
    let path = node.folder.path("repository/models/tag-reader/1/golden.json")
    try Data(#"{"labels":[]}"#.utf8).write(to: URL(filePath: path))
    await expectError(
      .corrupt,
      saying: "'golden.json' has changed on this node's disk",
      of: node.agent,
      .evaluate(version.version, digest: version.digest)
    )
    await node.stop()
  }

  @Test func tooLargeIsToldBeforeItIsRead() async throws {
    var contents = TestVersion.tiny(1).contents
    contents[GoldenResult.fileName] = [UInt8](repeating: 0x20, count: GoldenResult.maximumBytes + 1)
    let version = TestVersion(ModelVersion(name: "tag-reader", number: 1), contents: contents)
    let node = try await Self.serving(version)
    await expectError(
      .unusable,
      saying: "golden.json is 32 MB, more than the 32 MB that one may be",
      of: node.agent,
      .evaluate(version.version, digest: version.digest)
    )
    await node.stop()
  }

  @Test func engineThatIsAwayIsToldOf() async throws {
    let version = TestVersion.golden(1)
    let node = try await Self.serving(version)
    node.engines.change { $0.isUnstartable = true }
    node.engines.started.last?.end(.killed(signal: 9))
    try await node.frame("it is away") { $0.engine.state == .restarting }
    await expectError(
      .unreachable,
      saying: "the engine is away",
      of: node.agent,
      .evaluate(version.version, digest: version.digest)
    )
    await node.stop()
  }

  @Test func engineThatEndsMeanwhileIsToldOf() async throws {
    let version = TestVersion.golden(1)
    let node = try await Self.serving(version)
    node.engines.change { $0.isGoldenDelayed = true }
    let agent = node.agent
    let asked = Task { try await agent.execute(.evaluate(version.version, digest: version.digest)) }
    try await eventually("the engine is asked") { Self.evaluations(node) == 1 }
    node.engines.started.last?.end(.killed(signal: 9))
    let error = await #expect(throws: CommandError.self) { try await asked.value }
    #expect(error?.code == .unreachable)
    await node.stop()
  }

  @Test func refusalsOfTheEngineKeepTheirCode() async throws {
    let version = TestVersion.golden(1)
    let node = try await Self.serving(version)
    for code in [CommandError.Code.conflict, .timeout, .unusable] {
      node.engines.change { $0.golden = .refused(code, "because") }
      await expectError(code, saying: "because", of: node.agent, .evaluate(version.version, digest: version.digest))
    }
    await node.stop()
  }

  /// A console whose line broke asks again: the engine is not.
  @Test func whoAsksAgainGetsTheSameResult() async throws {
    let (version, other) = (TestVersion.golden(1), TestVersion.golden(2))
    let node = try await Self.serving(version)
    node.engines.change { $0.isGoldenDelayed = true }
    let agent = node.agent
    let asked = Task { try await agent.execute(.evaluate(version.version, digest: version.digest)) }
    try await eventually("the engine is asked") { Self.evaluations(node) == 1 }
    let again = Task { try await agent.execute(.evaluate(version.version, digest: version.digest)) }
    asked.cancel()
    await expectError(
      .conflict,
      saying: "tag-reader@1 is being evaluated",
      of: agent,
      .evaluate(other.version, digest: other.digest)
    )
    node.engines.started.last?.release()
    let result = Outcome.evaluated(GoldenResult(right: 3, total: 3))
    #expect(try await asked.value == result)
    #expect(try await again.value == result)
    await node.stop()
  }

  private static func evaluations(_ node: TestNode) -> Int {
    (node.engines.started.last?.commands ?? []).count { if case .evaluate = $0 { true } else { false } }
  }
}
