import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetConsole

/// A fleet in which every problem that can be seen beforehand is there once.
@Suite struct RolloutPreflightTests {
  /// Of which one file is no model, another is not what its manifest says, and none is a golden set.
  private let version = TestVersion(
    ModelVersion(name: "tag-reader", number: 2),
    contents: ["model.h5": [UInt8](repeating: 7, count: 2000), "labels.txt": Array("zero one".utf8)]
  )
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Data([UInt8](repeating: 7, count: 2000)).write(to: URL(filePath: folder.path("model.h5")))
    try Data("zero two".utf8).write(to: URL(filePath: folder.path("labels.txt")))
  }

  private var model: LocalModel { LocalModel(manifest: version.manifest, folder: folder.path) }

  private struct Fixture: NodeAgent {
    var name: NodeName
    var description: Result<NodeDescription, CommandError>
    var frame: Frame?

    func describe() async throws(CommandError) -> NodeDescription { try description.get() }

    func describing(_ change: (inout NodeDescription) -> Void) throws -> Fixture {
      var (fixture, described) = (self, try description.get())
      change(&described)
      fixture.description = .success(described)
      return fixture
    }

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
      try node("hilo-06/a", agent: "0.0.9"), try node("iowa-07/a", agent: "99.1"),
      try node("iowa-07/b").describing { $0.certificateExpires = Date().addingTimeInterval(5.5 * 86_400) },
      try node("juneau-08/a").describing { $0.isSignatureRequired = true },
      try node("juneau-08/b") { frame in
        frame.engine.runtime = nil
        frame.engine.state = .failed
        frame.engine.problem = "no device 'NPU' on this machine; OpenVINO finds CPU"
      },
      // What is as it should be: one that trusts no keys has a year left, one has the version already.
      try node("kent-09/a").describing { $0.certificateExpires = Date().addingTimeInterval(365 * 86_400) },
      try node("kent-09/b", repository: [active]).describing { $0.isSignatureRequired = true },
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
      strategy: RolloutStrategy(
        waves: try Waves(parsing: "1,100%"),
        gate: try Gate(parsing: "accuracy >= 97%"),
        stepTimeout: .seconds(1),
        nodeLimit: try ByteRate(parsing: "1KB/s")
      ),
      orderedBy: "kim"
    )
    return await Preflight(plan, model: model, agents: AgentDirectory(agents), limit: .milliseconds(500))
  }

  @Test func namesEveryProblemBeforeAByteMoves() async throws {
    let preflight = try await preflight()
    let slow = preflight.problems.filter { $0.kind == .tooSlow }
    #expect(slow.count == 13 && slow[0].reason == "its transfer takes 1s at the limits, and a step may take 1s")
    let others = preflight.problems.filter { $0.kind != .tooSlow }
    let found = others.map { "\($0.node) \($0.effect.rawValue): \($0.kind.rawValue)" }
    #expect(
      found == [
        "dallas-02/a waits: unreachable", "dallas-02/b waits: unreachable", "elpaso-03/a fails: no space",
        "elpaso-03/b fails: number taken", "fargo-04/a fails: failed here before", "fargo-04/b fails: no runtime",
        "gary-05/a waits: drained", "gary-05/b doubtful: clock", "hilo-06/a doubtful: agent too old",
        "hilo-06/b fails: unknown node", "iowa-07/a doubtful: agent newer", "iowa-07/b doubtful: certificate expires",
        "juneau-08/a fails: signature", "juneau-08/b fails: unknown device",
      ]
    )
    #expect(Set(preflight.problems.map(\.kind)) == Set(Preflight.Problem.Kind.allCases), "each kind once or more")
    #expect(preflight.versionProblems.map(\.kind) == Preflight.VersionProblem.Kind.allCases)
    #expect(!preflight.isClear)
    #expect(preflight.skipped.map(\.description) == ["austin-01/b", "kent-09/b"])
    #expect(preflight.waves.map(\.nodes) == [2, 16])
    let size = version.manifest.totalBytes
    #expect(preflight.waves.map(\.bytes) == [size, 14 * size], "three hold it: two serve it, one failed with it")
    #expect(preflight.problems.allSatisfy { !$0.reason.isEmpty && !$0.cure.isEmpty })
  }

  @Test func theTextHasReasonAndCure() async throws {
    let text = try await preflight().text
    for words in [
      "WAVE  STORES  NODES", "2       8     16", "9 stores, 18 nodes", "2 serve it already and are skipped",
      "every node fails: wrong files: ", "labels.txt: its contents are not those of the manifest",
      "every node fails: nothing to load: no file that an engine can read: labels.txt, model.h5",
      "every node fails: no golden set: the gate asks for accuracy, and tag-reader@2 has no golden.json",
      "dallas-02/a     2  waits     unreachable          connection refused",
      "60.0 MB are free, 2.0 KB and 67.1 MB in reserve are needed", "free 7.1 MB on its disk",
      "holds tag-reader@2 with other contents", "tag-reader@2 failed here before: crashed 3 times",
      "no OpenVINO here; pip install openvino", "fleet undrain gary-05/a", "its clock is 2h behind",
      "its fleetd is 0.0.9, this fleet is \(BuildVersion.text)", "update fleet here to 99.1",
      "its certificate expires in 5d", "fleet ca issue --node iowa-07/b",
      "takes only signed versions, and nobody has signed tag-reader@2", "no device 'NPU' on this machine",
      "nodes with problems: 15 fails, 3 waits, 4 doubtful",
    ] {
      #expect(text.contains(words), "'\(words)' is missing in\n\(text)")
    }
  }

  @Test func theDocumentHasThemToo() async throws {
    let json = String(decoding: try JSONEncoder().encode(await preflight()), as: UTF8.self)
    #expect(
      json.contains(#""kind":"no space""#) && json.contains(#""effect":"fails""#)
        && json.contains(#""node":"elpaso-03\/a""#) && json.contains(#""kind":"no golden set""#)
    )
  }

  @Test func aSignatureThatHasExpiredIsNone() async throws {
    var signed = model
    let long = Date().addingTimeInterval(-7300).timeIntervalSince1970
    signed.signature = ManifestSignature(key: "", counter: 1, expires: long.rounded(), signature: "")
    let strict = try node("austin-01/a").describing { $0.isSignatureRequired = true }
    let answer = PreflightFacts.Answer.known(try strict.description.get(), frame: .failure(.init(.timeout, "none")))
    let facts = PreflightFacts(node: strict.name, wave: 1, answer: answer, seconds: Date().timeIntervalSince1970)
    let problems = PreflightRules(model: signed).problems(of: facts).filter { $0.kind == .signature }
    #expect(
      problems.map(\.reason) == ["takes only signed versions, and the signature of tag-reader@2 expired 2h ago"]
    )
    signed.signature?.expires = nil
    #expect(!PreflightRules(model: signed).problems(of: facts).contains { $0.kind == .signature })
  }

  @Test func aGoodVersionHasNoProblem() async throws {
    let folder = try TemporaryFolder()
    let golden = TestVersion.golden(2)
    for (path, bytes) in golden.contents {
      let url = URL(filePath: folder.path(path))
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }
    let model = LocalModel(manifest: golden.manifest, folder: folder.path)
    #expect(VersionRules(model: model, gate: try Gate(parsing: "accuracy >= 97%")).problems.isEmpty)
  }

  @Test func weightsAndSecondModelsAreMissed() throws {
    func kinds(_ files: [String]) -> [String] {
      let files = files.map { ModelManifest.File(path: $0, bytes: 0, sha256: SHA256Text.hash([UInt8]())) }
      let manifest = ModelManifest(version: ModelVersion(name: "m", number: 1), files: files)
      let rules = VersionRules(model: LocalModel(manifest: manifest, folder: "/nowhere"), gate: .none)
      return rules.problems.filter { $0.kind == .unreadable }.map(\.reason)
    }
    #expect(kinds(["m.xml", "m.bin"]).isEmpty && kinds(["m.onnx"]).isEmpty)
    #expect(kinds(["m.xml"]) == ["m.xml is there without its weights, m.bin"])
    #expect(kinds(["a.onnx", "b.onnx"]) == ["an engine cannot tell which to load: a.onnx, b.onnx"])
    #expect(kinds(["sub/m.onnx"]) == ["no file that an engine can read: "])
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
