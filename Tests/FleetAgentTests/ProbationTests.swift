import FleetCore
import FleetTestSupport
import FleetWire
import Testing

@testable import FleetAgent

/// How versions prove themselves on a node that nobody looks at.
struct ProbationTests {
  private static let version = TestVersion.tiny(1)
  private static let candidate = Probation.Candidate(version: version.version, digest: version.digest)

  /// A probation of ten seconds, and the engine that is looked at.
  private final class Watched {
    private var probation = Probation(duration: .seconds(10))

    /// Whether one more look ends it.
    func isOver(
      at seconds: Double,
      restarts: UInt64 = 0,
      state: EngineStatus.State = .serving,
      served: TestVersion = version
    ) -> Bool {
      let status = ModelStatus(name: served.version.name, version: served.version.number, digest: served.digest)
      return !probation.observe(
        [candidate],
        engine: EngineStatus(state: state, restarts: restarts),
        models: state == .serving ? [status] : [],
        at: seconds
      ).isEmpty
    }
  }

  @Test func onlyServedTimeCounts() {
    var watched = Watched()
    for second in 0..<10 { #expect(!watched.isOver(at: Double(second))) }
    #expect(watched.isOver(at: 10))
    #expect(watched.isOver(at: 11), "until somebody has confirmed it")

    watched = Watched()
    for second in 0...5 { #expect(!watched.isOver(at: Double(second))) }
    for second in 6...50 { #expect(!watched.isOver(at: Double(second), state: .starting)) }
    for second in 51...55 { #expect(!watched.isOver(at: Double(second))) }
    #expect(watched.isOver(at: 56), "a restart that was planned costs its own time only")

    watched = Watched()
    #expect(!watched.isOver(at: 0))
    #expect(!watched.isOver(at: 1000), "an agent that was stopped has not seen it serve")
  }

  @Test func crashesAndOtherVersionsStartItAnew() {
    var watched = Watched()
    for second in 0...9 { #expect(!watched.isOver(at: Double(second))) }
    for second in 10...19 { #expect(!watched.isOver(at: Double(second), restarts: 1)) }
    #expect(watched.isOver(at: 20, restarts: 1))

    watched = Watched()
    for second in 0...30 { #expect(!watched.isOver(at: Double(second), served: .tiny(2)), "it is not served") }
    for second in 31...40 { #expect(!watched.isOver(at: Double(second))) }
    #expect(watched.isOver(at: 41))
  }

  @Test func nodeConfirmsWhatHasServedAndTellsEverybody() async throws {
    let folder = try TemporaryFolder()
    let (first, second, third) = (TestVersion.tiny(1), TestVersion.tiny(2), TestVersion.tiny(3))
    do {
      let node = try await TestNode(folder: folder) { $0.probation = .milliseconds(300) }
      for version in [first, second, third] { try await version.push(to: node.agent) }
      _ = try await node.agent.execute(.activate(first.version, digest: first.digest))
      try await node.frame("1 is good") { $0.models.first?.version == 1 && $0.models.first?.isProvisional == false }
      #expect(try await node.agent.describe().repository.allSatisfy { !$0.isProvisional })
      await node.stop()
    }

    let next = try await eventually("the folder is free") {
      try? await TestNode(folder: folder) { $0.probation = .seconds(600) }
    }
    #expect(try await next.agent.describe().repository.allSatisfy { !$0.isProvisional }, "for good")
    for version in [second, third] {
      _ = try await next.agent.execute(.activate(version.version, digest: version.digest))
    }
    try await next.frame("3 is on probation") {
      $0.models.first?.version == 3 && $0.models.first?.isProvisional == true
    }
    let entries = try await next.agent.describe().repository
    #expect(entries.map(\.role) == [.previous, .stored, .active])
    #expect(entries.map(\.isProvisional) == [false, false, true])
    await next.stop()
  }

  @Test func crashLoopOnProbationGoesBackToTheLastGood() async throws {
    let node = try await TestNode()
    for number in 1...3 {
      let version = TestVersion.tiny(number)
      try await version.push(to: node.agent)
      _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
      if number == 1 { _ = try await node.agent.execute(.confirm(version.version, digest: version.digest)) }
    }
    for _ in 1...3 {
      let before = node.engines.started.count
      try await node.frame("serves") { $0.engine.state == .serving && $0.engine.pid == node.engines.started.last?.pid }
      node.engines.started.last?.end(.killed(signal: 11))
      try await eventually("the next engine starts") { node.engines.started.count > before }
    }
    try await node.frame("serves 1") { $0.models.first?.version == 1 && $0.engine.state == .serving }
    let entries = try await node.agent.describe().repository
    #expect(entries.map(\.role) == [.active, .stored, .stored] && entries.allSatisfy { !$0.isProvisional })
    #expect(entries[2].problem?.contains("ended the engine 3 times") == true)
    await node.stop()
  }

  @Test func whatCouldNotBeLoadedIsRememberedUntilItCan() async throws {
    let folder = try TemporaryFolder()
    let (first, second) = (TestVersion.tiny(1), TestVersion.tiny(2))
    let words = "could not be loaded: model.onnx: not a model"
    do {
      let node = try await TestNode(folder: folder)
      node.engines.change { $0.unloadable[second.version] = "model.onnx: not a model" }
      for version in [first, second] { try await version.push(to: node.agent) }
      _ = try await node.agent.execute(.activate(first.version, digest: first.digest))
      await expectError(.unusable, of: node.agent, .activate(second.version, digest: second.digest))
      #expect(try await node.agent.describe().repository.map(\.problem) == [nil, words])
      #expect(node.engines.started.last?.catalog.map(\.problem) == [nil, words], "the engine knows it too")
      await node.stop()
    }
    let next = try await eventually("the folder is free") { try? await TestNode(folder: folder) }
    #expect(try await next.agent.describe().repository.map(\.problem) == [nil, words])
    _ = try await next.agent.execute(.activate(second.version, digest: second.digest))
    #expect(try await next.agent.describe().repository.map(\.problem) == [nil, nil], "it can now")
    await next.stop()
  }

  @Test func missingRuntimeIsNotTheVersionsFault() async throws {
    let node = try await TestNode()
    let version = TestVersion.tiny(1)
    node.engines.change {
      $0.unloadable[version.version] = "no OpenVINO here"
      $0.problem = "no OpenVINO here"
      $0.hasNoRuntime = true
    }
    try await version.push(to: node.agent)
    try await node.frame("says so") { $0.engine.state == .failed }
    await expectError(.unusable, of: node.agent, .activate(version.version, digest: version.digest))
    #expect(try await node.agent.describe().repository.map(\.problem) == [nil])
    await node.stop()
  }
}
