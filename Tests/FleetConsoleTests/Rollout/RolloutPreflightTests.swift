import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetConsole

/// A fleet in which every problem that can be seen beforehand is there once.
@Suite struct RolloutPreflightTests {
  private let version = TestVersion.tiny(2)

  private struct Fixture: NodeAgent {
    var name: NodeName
    var description: Result<NodeDescription, CommandError>
    var frame: Frame?

    func describe() async throws(CommandError) -> NodeDescription { try description.get() }

    func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
      let frame = frame
      return AsyncThrowingStream { continuation in
        guard let frame else { return continuation.finish(throwing: CommandError(.unreachable, "no frames here")) }
        continuation.yield(frame)
      }
    }

    func execute(_ command: Command) async throws(CommandError) -> Outcome {
      Issue.record("a plan touches nothing, found \(command)")
      throw CommandError(.refused, "a plan touches nothing")
    }
  }

  private func node(
    _ text: String,
    agent: String = BuildVersion.text,
    repository: [RepositoryEntry] = [],
    _ change: (inout Frame) -> Void = { _ in }
  ) throws -> Fixture {
    let name = try #require(NodeName(text))
    let description = NodeDescription(
      name: name,
      agentVersion: agent,
      agentPID: 1,
      started: Date(),
      operatingSystem: "Linux",
      architecture: "x86_64",
      cores: 4,
      httpAddress: "127.0.0.1:8000",
      repository: repository
    )
    var frame = Frame(
      node: name,
      sequence: 1,
      agentStarted: Date(),
      time: Date(),
      engine: EngineStatus(state: .serving, runtime: "OpenVINO 2026.4.1"),
      diskFreeBytes: .measured(1e9)
    )
    change(&frame)
    return Fixture(name: name, description: .success(description), frame: frame)
  }

  private func fleet() throws -> [Fixture] {
    let held = RepositoryEntry(
      version: version.version,
      digest: version.digest,
      bytes: 9,
      role: .stored,
      problem: "crashed 3 times"
    )
    var taken = held
    taken.digest = ModelDigest(ofManifest: [7])
    taken.problem = nil
    var active = held
    active.role = .active
    active.problem = nil
    var away = try node("dallas-02/a")
    away.description = .failure(CommandError(.unreachable, "connection refused"))
    var mute = try node("dallas-02/b")
    mute.frame = nil
    return [
      try node("austin-01/a"), try node("austin-01/b", repository: [active]), away, mute,
      try node("elpaso-03/a") { $0.diskFreeBytes = .measured(60e6) },
      try node("elpaso-03/b", repository: [taken]),
      try node("fargo-04/a", repository: [held]),
      try node("fargo-04/b") { frame in
        frame.engine.runtime = nil
        frame.engine.state = .failed
        frame.engine.problem = "no OpenVINO here; pip install openvino"
      },
      try node("gary-05/a") { frame in
        frame.availability = .drained
        frame.drain = DrainStatus(reason: "new fan", orderedBy: "kim", since: Date(), deadline: Date(), isForced: false)
      },
      try node("gary-05/b") { $0.time = Date().addingTimeInterval(-7300) },
      try node("hilo-06/a", agent: "0.0.9"),
    ]
  }

  private func preflight() async throws -> Preflight {
    let agents = try fleet()
    let names = agents.map(\.name) + [NodeName(store: "hilo-06", node: "b")]
    let plan = RolloutPlan(
      id: "r1",
      version: version.version,
      digest: version.digest,
      nodes: names,
      strategy: RolloutStrategy(waves: try Waves(parsing: "1,100%")),
      orderedBy: "kim"
    )
    let model = LocalModel(manifest: version.manifest, folder: "/nowhere")
    return await Preflight(plan, model: model, agents: AgentDirectory(agents), limit: .milliseconds(500))
  }

  @Test func namesEveryProblemBeforeAByteMoves() async throws {
    let preflight = try await preflight()
    let found = preflight.problems.map { "\($0.node) \($0.effect.rawValue): \($0.kind.rawValue)" }
    #expect(
      found == [
        "dallas-02/a waits: unreachable", "dallas-02/b waits: unreachable", "elpaso-03/a fails: no space",
        "elpaso-03/b fails: number taken", "fargo-04/a fails: failed here before", "fargo-04/b fails: no runtime",
        "gary-05/a waits: drained", "gary-05/b doubtful: clock", "hilo-06/a doubtful: agent too old",
        "hilo-06/b fails: unknown node",
      ]
    )
    #expect(Set(preflight.problems.map(\.kind)) == Set(Preflight.Problem.Kind.allCases), "each kind once or more")
    #expect(!preflight.isClear)
    #expect(preflight.skipped.map(\.description) == ["austin-01/b"])
    #expect(preflight.waves.map(\.nodes) == [2, 10])
    let size = version.manifest.totalBytes
    #expect(preflight.waves.map(\.bytes) == [size, 9 * size], "two hold it already: one serves it, one failed with it")
    #expect(preflight.problems.allSatisfy { !$0.reason.isEmpty && !$0.cure.isEmpty })
  }

  @Test func theTextHasReasonAndCure() async throws {
    let text = try await preflight().text
    for words in [
      "WAVE  STORES  NODES", "2       5     10", "6 stores, 12 nodes", "1 serve it already and are skipped",
      "dallas-02/a     2  waits     unreachable         connection refused",
      "60.0 MB are free, 2.0 KB and 67.1 MB in reserve are needed", "free 7.1 MB on its disk",
      "holds tag-reader@2 with other contents", "tag-reader@2 failed here before: crashed 3 times",
      "no OpenVINO here; pip install openvino", "fleet undrain gary-05/a", "its clock is 2h behind",
      "its fleetd is 0.0.9, this fleet is \(BuildVersion.text)", "nodes with problems: 5 fails, 3 waits, 2 doubtful",
    ] {
      #expect(text.contains(words), "'\(words)' is missing in\n\(text)")
    }
  }

  @Test func theDocumentHasThemToo() async throws {
    let json = String(decoding: try JSONEncoder().encode(await preflight()), as: UTF8.self)
    #expect(
      json.contains(#""kind":"no space""#) && json.contains(#""effect":"fails""#)
        && json.contains(#""node":"elpaso-03\/a""#)
    )
  }

  @Test(.timeLimit(.minutes(1))) func silentNodesCostOneDeadline() async throws {
    let agents = (0..<100).map { SimulatedAgent(name: NodeName(store: "s\($0)", node: "a")) }
    for agent in agents { await agent.setPaused(true) }
    let plan = RolloutPlan(
      id: "r1",
      version: version.version,
      digest: version.digest,
      nodes: agents.map(\.name),
      strategy: RolloutStrategy(),
      orderedBy: "kim"
    )
    let model = LocalModel(manifest: version.manifest, folder: "/nowhere")
    let preflight = await Preflight(plan, model: model, agents: AgentDirectory(agents), limit: .milliseconds(300))
    #expect(preflight.problems.count == 100 && preflight.problems.allSatisfy { $0.kind == .unreachable })
  }

  @Test(arguments: [
    ("0.1.0", "0.1.0", false), ("0.0.9", "0.1.0", true), ("0.9", "0.10", true), ("0.10", "0.9", false),
    ("1", "1.0", false),
    ("1.0", "1.0.1", true), ("simulation", "0.1.0", false), ("", "0.1", false), ("0.2.0", "0.1.9", false),
  ])
  func versionsAreComparedPartByPart(_ left: String, _ right: String, _ isOlder: Bool) {
    #expect(PreflightRules.isOlder(left, than: right) == isOlder)
  }
}
