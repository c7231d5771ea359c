import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Testing

@testable import FleetAgent

/// What an agent makes of engines that crash and hang.
struct CrashTests {
  private static let reason = "ended the engine 3 times within a minute (killed by signal 11 (SIGSEGV))"

  private static func activated(_ versions: [TestVersion], on node: TestNode) async throws {
    for version in versions {
      try await version.push(to: node.agent)
      _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
    }
  }

  /// Crashes `count` engines, each when it serves.
  private static func crash(
    _ node: TestNode,
    times count: Int,
    record: FlightRecord = FlightRecord()
  ) async throws {
    for _ in 0..<count {
      let before = node.engines.started.count
      try await node.frame("it serves") {
        $0.engine.state == .serving && $0.engine.pid == node.engines.started.last?.pid
      }
      node.engines.started.last?.end(.killed(signal: 11), lastWords: "bad kernel", record: record)
      try await eventually("the next engine starts") { node.engines.started.count > before }
    }
  }

  @Test func thirdCrashGoesBackForGood() async throws {
    let folder = try TemporaryFolder()
    let (first, second, third) = (TestVersion.tiny(1), TestVersion.tiny(2), TestVersion.tiny(3))
    do {
      let node = try await TestNode(folder: folder)
      try await Self.activated([first, second], on: node)
      try await Self.crash(node, times: 2)
      try await node.frame("still serves 2") { $0.models.first?.version == 2 && $0.engine.state == .serving }
      try await Self.crash(node, times: 1)
      let frame = try await node.frame("serves 1") { $0.models.first?.version == 1 && $0.engine.state == .serving }
      #expect(frame.engine.problem == "tag-reader@2 \(Self.reason); went back to tag-reader@1")
      #expect(frame.engine.lastCrash?.cause == "killed by signal 11 (SIGSEGV)")
      #expect(frame.engine.lastCrash?.versions == [second.version])
      #expect(frame.engine.lastCrash?.lastWords == "bad kernel")
      let repository = try await node.agent.describe().repository
      #expect(repository.map(\.role) == [.active, .stored])
      #expect(repository.map(\.problem) == [nil, Self.reason])
      try await eventually("the engine knows it too") {
        node.engines.started.last?.catalog.map(\.problem) == [nil, Self.reason]
      }
      let error = await #expect(throws: CommandError.self) {
        try await node.agent.execute(.rollback(model: "tag-reader"))
      }
      #expect(error?.code == .notFound, "it is not chosen again")
      await node.stop()
    }

    // Another agent on the same disk.
    let next = try await TestNode(folder: folder)
    let again = try await next.frame("serves 1 too") { $0.models.first?.version == 1 && $0.engine.state == .serving }
    #expect(again.engine.lastCrash?.lastWords == "bad kernel", "the last words outlive the agent")
    #expect(try await next.agent.describe().repository.map(\.problem) == [nil, Self.reason])
    try await Self.activated([third], on: next)
    #expect(try await next.agent.describe().repository.map(\.role) == [.previous, .stored, .active])
    // An operator who says so gets it all the same.
    _ = try await next.agent.execute(.activate(second.version, digest: second.digest))
    #expect(try await next.agent.describe().repository.map(\.problem) == [nil, nil, nil])
    await next.stop()
  }

  @Test func withoutAPredecessorItGoesOnAndSaysSo() async throws {
    let node = try await TestNode()
    try await Self.activated([.tiny(1)], on: node)
    try await Self.crash(node, times: 3)
    let frame = try await node.frame("serves 1 again") {
      $0.engine.state == .serving && $0.engine.restarts == 3 && $0.models.first?.version == 1
    }
    let words = "tag-reader@1 \(Self.reason), and there is no earlier version to go back to; push another"
    #expect(frame.engine.problem == words)
    #expect(try await node.agent.describe().repository.map(\.problem) == [nil])
    await node.stop()
  }

  @Test func versionBesideTheActiveOneIsLeftOut() async throws {
    let node = try await TestNode()
    let (first, second) = (TestVersion.tiny(1), TestVersion.tiny(2))
    try await Self.activated([first, second], on: node)
    try await Self.crash(node, times: 3, record: FlightRecord(computing: [first.version]))
    let frame = try await node.frame("still serves 2") {
      $0.engine.state == .serving && $0.engine.restarts == 3 && $0.models.first?.version == 2
    }
    #expect(frame.engine.problem == "tag-reader@1 \(Self.reason); it is not served any more")
    #expect(
      try await node.agent.describe().repository.map(\.role) == [.stored, .active],
      "nor is it one to go back to"
    )
    await node.stop()
  }

  @Test func endsThatTheAgentWantsAreNoCrashes() async throws {
    let node = try await TestNode()
    try await Self.activated([.tiny(1), .tiny(2)], on: node)
    for round in 1...4 {
      await node.parts.supervisor.restart(because: "of a test")
      try await eventually("the next engine starts") { node.engines.started.count == round + 1 }
      try await node.frame("serves") {
        $0.engine.state == .serving && $0.engine.pid == node.engines.started.last?.pid
      }
    }
    let frame = try await node.frame("serves 2") { $0.models.first?.version == 2 }
    #expect(frame.engine.restarts == 0 && frame.engine.lastCrash == nil && frame.engine.problem == nil)
    await node.stop()
  }

  @Test func hungComputationEndsTheEngine() async throws {
    let node = try await TestNode()
    let version = TestVersion.tiny(1)
    try await Self.activated([version], on: node)
    node.engines.change {
      $0.computing = [EngineComputation(version: version.version, seconds: 31, limitSeconds: 30)]
    }
    try await eventually("it is killed") { node.engines.started.count > 1 }
    node.engines.change { $0.computing = [] }
    let frame = try await node.frame("serves again") { $0.engine.state == .serving && $0.engine.restarts > 0 }
    #expect(frame.engine.problem?.contains("computed for more than its limit of 30s and was killed") == true)
    await node.stop()
  }

  @Test func lastCrashesAreKeptWithinABound() async throws {
    let folder = try TemporaryFolder()
    let log = try CrashLog(stateDirectory: folder.path, log: .silent)
    await log.open()
    for number in 1...25 {
      await log.note(EngineCrash(time: Date(timeIntervalSince1970: Double(number)), cause: "\(number)"))
    }
    let next = try CrashLog(stateDirectory: folder.path, log: .silent)
    await next.open()
    #expect(await next.crashes.map(\.cause) == (16...25).map(String.init))
    try Data("[{".utf8).write(to: URL(filePath: folder.path("crashes.json")))
    let third = try CrashLog(stateDirectory: folder.path, log: .silent)
    await third.open()
    #expect(await third.crashes.isEmpty)
  }

  @Test func recordSurvivesAnyBytes() {
    var random = SeededRandom()
    for _ in 0..<300 {
      let record = FlightRecord(bytes: random.bytes(Int.random(in: 0...FlightRecord.bytes + 10, using: &random)))
      #expect(record.computing.count < FlightRecord.slots, "\(random)")
    }
    #expect(FlightRecord(bytes: []) == FlightRecord())
  }

  @Test func newestOfSeveralSuspectsIsRetired() throws {
    var active = ActiveVersions()
    let digest = ModelDigest(ofManifest: [])
    for number in 1...2 { active.switchTo(ModelVersion(name: "m", number: number), digest: digest, at: Double(number)) }
    let second = ModelVersion(name: "m", number: 2)
    let wentBack = active.retire(second, digest: digest, reason: "r", at: 3)
    #expect(wentBack && active.models["m"]?.active.version == 1 && active.models["m"]?.previous == nil)
    #expect(try ActiveVersions(bytes: active.bytes) == active)
    let limited = active.limited { version, _ in version.number == 1 }
    #expect(limited.failure(of: second, digest: digest) == "r", "it may be pushed again")
    #expect(
      limited.failure(of: second, digest: ModelDigest(ofManifest: [1])) == nil,
      "with other contents it is another"
    )
    let isRetired = active.retire(ModelVersion(name: "m", number: 1), digest: digest, reason: "r", at: 4)
    #expect(!isRetired)
    // As a release before this one wrote it.
    let old = #"{"schema":1,"models":{"m":{"active":{"version":1,"digest":"\#(digest.text)"}}}}"#
    #expect(try ActiveVersions(bytes: Array(old.utf8)).models["m"]?.active.version == 1)
  }
}
