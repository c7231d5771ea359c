import FleetCore
import Foundation
import Testing

@testable import FleetConsole

/// Jobs against the in-memory twins of nodes.
@Suite struct JobTests {
  private static let names = ["a", "b"].map { NodeName(store: "austin-01", node: $0) }

  private struct Fleet {
    var agents: [SimulatedAgent]
    var model: LocalModel
    var directory: AgentDirectory { AgentDirectory(agents) }
  }

  /// Two siblings and a version of 600 KB in two files on disk.
  private func withFleet(_ body: (Fleet) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fleet-jobs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let contents = ["model.onnx": [UInt8](repeating: 7, count: 600_000), "labels.txt": Array("0\n1\n".utf8)]
    for (path, bytes) in contents { try Data(bytes).write(to: folder.appendingPathComponent(path)) }
    let manifest = ModelManifest(
      version: ModelVersion(name: "tag-reader", number: 2),
      files: contents.map { .init(path: $0, bytes: UInt64($1.count), sha256: SHA256Text.hash($1)) }
    )
    try Data(manifest.canonicalBytes).write(to: folder.appendingPathComponent("manifest.json"))
    let agents = Self.names.map { name in SimulatedAgent(name: name, siblings: Self.names.filter { $0 != name }) }
    try await body(Fleet(agents: agents, model: try LocalModel(folder: folder.path)))
  }

  @Test func pushBringsAVersionToNodesInOrder() async throws {
    try await withFleet { fleet in
      var reports: [JobReport] = []
      for await report in PushJob(PushPlan(model: fleet.model, nodes: Self.names), agents: fleet.directory).reports() {
        reports.append(report)
      }
      let last = try #require(reports.last)
      #expect(last.state == .succeeded)
      #expect(last.steps.allSatisfy { $0.phase == .done })
      #expect(!reports.contains { $0.steps[0].phase != .done && $0.steps[1].phase != .waiting }, "one node at a time")
      for agent in fleet.agents {
        let repository = try await agent.describe().repository
        #expect(repository.first { $0.role == .active }?.digest == fleet.model.manifest.digest)
      }
    }
  }

  @Test func pushResumesWhatABrokenLinkLeft() async throws {
    try await withFleet { fleet in
      let agent = fleet.agents[0]
      await agent.failNext(CommandError(.unreachable, "the line is cut"))
      _ = try? await agent.execute(.stage(fleet.model.manifest))
      let first = try await agent.execute(.stage(fleet.model.manifest))
      #expect(
        first
          == .staged(
            fleet.model.manifest.files.map { StagedFile(path: $0.path, receivedBytes: 0, totalBytes: $0.bytes) }
          )
      )
      let bytes = [UInt8](repeating: 7, count: 100_000)
      _ = try await agent.execute(
        .write(FileChunk(digest: fleet.model.manifest.digest, path: "model.onnx", offset: 0, bytes: bytes))
      )
      await agent.failNext(CommandError(.unreachable, "the line is cut"))
      let report = await PushJob(PushPlan(model: fleet.model, nodes: [agent.name]), agents: fleet.directory).run { _ in
      }
      #expect(report.state == .succeeded)
    }
  }

  @Test func pushStopsAtTheFirstFailureAndSaysWhereThingsStand() async throws {
    try await withFleet { fleet in
      await fleet.agents[0].failNext(CommandError(.noSpace, "600004 bytes do not fit; 12 KB are free"))
      let report = await PushJob(PushPlan(model: fleet.model, nodes: Self.names), agents: fleet.directory).run { _ in }
      #expect(
        report.state
          == .failed("austin-01/a: 600004 bytes do not fit; 12 KB are free (0 of 2 nodes done before)", .noSpace)
      )
      #expect(report.steps[0].phase == .failed)
      #expect(report.steps[1].phase == .skipped)
      let second = try await fleet.agents[1].describe()
      #expect(second.repository.isEmpty)
    }
  }

  @Test func pushNamesAFileThatIsShorterThanItsManifest() async throws {
    try await withFleet { fleet in
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: fleet.model.folder + "/model.onnx"))
      let report = await PushJob(PushPlan(model: fleet.model, nodes: [Self.names[0]]), agents: fleet.directory).run {
        _ in
      }
      guard case .failed(let problem, _) = report.state else {
        Issue.record("expected a failure, found \(report.state)")
        return
      }
      #expect(problem.contains("shorter than its manifest"))
    }
  }

  @Test func pushToAnUnknownNodeSuggestsTheNearName() async throws {
    try await withFleet { fleet in
      let plan = PushPlan(model: fleet.model, nodes: [NodeName(store: "austin-1", node: "a")])
      let report = await PushJob(plan, agents: fleet.directory).run { _ in }
      #expect(
        report.state
          == .failed(
            "austin-1/a: no node 'austin-1/a' in this fleet; did you mean 'austin-01/a'? (0 of 1 nodes done before)",
            .notFound
          )
      )
    }
  }

  @Test func rollbackReturnsToTheVersionBefore() async throws {
    try await withFleet { fleet in
      let agent = fleet.agents[0]
      let push = PushJob(PushPlan(model: fleet.model, nodes: [agent.name]), agents: fleet.directory)
      let pushed = await push.run { _ in }
      #expect(pushed.state == .succeeded)
      let failed = await RollbackJob(RollbackPlan(model: "tag-reader", nodes: [agent.name]), agents: fleet.directory)
        .run { _ in }
      #expect(
        failed.state
          == .failed("austin-01/a: austin-01/a holds no earlier version of 'tag-reader' to go back to", .notFound)
      )
    }
  }

  @Test func drainWaitsUntilNothingIsInFlight() async throws {
    try await withFleet { fleet in
      let agent = fleet.agents[0]
      await agent.update { frame in
        frame.models = [ModelStatus(name: "tag-reader", version: 1, digest: .fixture(1), inFlight: 3)]
      }
      let plan = DrainPlan(
        nodes: [agent.name],
        order: DrainOrder(reason: "test", orderedBy: "kim", deadline: .seconds(20))
      )
      var texts: [String] = []
      let flight = FlightInfo(id: "till 4", model: "tag-reader", client: "10.0.0.7:5000", seconds: 12.2)
      let oldest = "3 in flight ('till 4' for tag-reader of 10.0.0.7:5000, 12s), 0 handed off to austin-01/b"
      for await report in DrainJob(plan, agents: fleet.directory).reports() {
        let text = report.steps[0].text
        texts.append(text)
        if text == oldest {
          await agent.update { $0.models[0].inFlight = 0 }
        } else if text.hasPrefix("3 in flight") {
          await agent.update { $0.drain?.oldest = flight }
        }
        if report.state != .running { #expect(report.state == .succeeded) }
      }
      #expect(texts.contains("3 in flight, 0 handed off to austin-01/b"))
      #expect(texts.contains(oldest))
      #expect(texts.last?.hasPrefix("drained") == true)
      let undrain = await UndrainJob([agent.name], operatorName: "kim", agents: fleet.directory).run { _ in }
      #expect(undrain.state == .succeeded)
    }
  }

  @Test func drainOfTheLastNodeIsRefusedInTheNodesOwnWords() async throws {
    let alone = SimulatedAgent(name: NodeName(store: "reno-03", node: "a"))
    let plan = DrainPlan(nodes: [alone.name], order: DrainOrder(reason: "test", orderedBy: "kim"))
    let report = await DrainJob(plan, agents: AgentDirectory([alone])).run { _ in }
    guard case .failed(let problem, _) = report.state else {
      Issue.record("expected a refusal, found \(report.state)")
      return
    }
    #expect(problem.contains("last serving node"))
  }

  @Test func aPushStoppedWhileSwitchingDoesNotSayWhatIsServed() async throws {
    try await withFleet { fleet in
      let agent = StubAgent(name: Self.names[0]) { command throws(CommandError) in
        switch command {
        case .stage: return .staged([])
        default:
          try? await Task.sleep(for: .seconds(60))
          throw CommandError(.timeout, "cancelled")
        }
      }
      let job = PushJob(PushPlan(model: fleet.model, nodes: Self.names), agents: AgentDirectory([agent]))
      let report = await stopped(job) { $0.hasPrefix("compiling") }
      #expect(report.state == .cancelled)
      #expect(report.steps[0].text == "stopped while switching; its row tells what it serves")
      #expect(report.steps[1].phase == .skipped)
    }
  }

  @Test func aPushStoppedWhileAnnouncingChangedNothing() async throws {
    try await withFleet { fleet in
      let agent = StubAgent(name: Self.names[0]) { _ throws(CommandError) in
        try? await Task.sleep(for: .seconds(60))
        throw CommandError(.timeout, "cancelled")
      }
      let job = PushJob(PushPlan(model: fleet.model, nodes: [agent.name]), agents: AgentDirectory([agent]))
      let report = await stopped(job) { $0.hasPrefix("announcing") }
      #expect(report.state == .cancelled)
      #expect(report.steps[0].text == "stopped by the operator; it serves what it served")
    }
  }

  @Test func aStopIsNoLackOfTime() async {
    let task = Task { () -> CommandError? in
      do throws(CommandError) {
        try await Deadline.run(.seconds(60), "the order") { () async throws(CommandError) in
          // Without end but for the stop.
          for await _ in AsyncStream<Never>.makeStream().stream {}
          throw CommandError(.timeout, "the order took longer")
        }
        return nil
      } catch {
        return error
      }
    }
    task.cancel()
    let error = await task.value
    #expect(error?.message == "the order was stopped")
  }

  @Test func aFailureTellsItsCodeInJSONToo() throws {
    var report = JobReport(kind: .drain, title: "drain s/a", nodes: [])
    report.state = .failed("s/a: gone", .unreachable)
    let json = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
    #expect(json.contains(#""code":"unreachable""#) && json.contains(#""problem":"s\/a: gone""#))
  }

  @Test func aDrainTakenBackEndsAtOnce() async throws {
    try await withFleet { fleet in
      let agent = fleet.agents[0]
      await agent.update { $0.models = [ModelStatus(name: "m", version: 1, digest: .fixture(1), inFlight: 3)] }
      let plan = DrainPlan(nodes: [agent.name], order: DrainOrder(reason: "test", orderedBy: "kim"))
      var last: JobReport?
      for await report in DrainJob(plan, agents: fleet.directory).reports() {
        if report.steps[0].text.hasPrefix("3 in flight") { _ = try await agent.execute(.undrain(orderedBy: "lee")) }
        last = report
      }
      #expect(last?.state == .failed("austin-01/a: taken back by an undrain; it serves again", .conflict))
    }
  }

  @Test func undrainWaitsUntilTheEngineServes() async throws {
    try await withFleet { fleet in
      let agent = fleet.agents[0]
      await agent.update { $0.engine.state = .starting }
      var texts: [String] = []
      for await report in UndrainJob([agent.name], operatorName: "kim", agents: fleet.directory).reports() {
        texts.append(report.steps[0].text)
        if texts.last?.hasSuffix("starting") == true { await agent.update { $0.engine.state = .serving } }
      }
      #expect(texts.contains("no longer drained; its engine is starting"))
      #expect(texts.last == "serving")
    }
  }

  @Test func whenTimeIsUpTheLastTroubleIsTold() async {
    let agent = SimulatedAgent(name: Self.names[0])
    await agent.update {
      $0.engine.state = .restarting
      $0.engine.problem = "killed by signal 9"
    }
    await #expect(
      throws: CommandError(.failed, "serving took longer than 300ms; its engine is restarting: killed by signal 9")
    ) {
      try await Verification.watch(agent, every: .milliseconds(100), limit: .milliseconds(300), "serving") { _ in nil }
    }
    let cut = StubAgent(name: Self.names[0]) { _ in .serving }
    await #expect(
      throws: CommandError(.unreachable, "serving took longer than 300ms; the last word of the link: no frames here")
    ) {
      try await Verification.watch(cut, every: .milliseconds(100), limit: .milliseconds(300), "serving") { _ in nil }
    }
  }

  /// Runs the job, stops it at the first report whose first step's text satisfies `condition`, and gives the last one.
  private func stopped(_ job: some Job, at condition: @escaping @Sendable (String) -> Bool) async -> JobReport {
    let (reached, signal) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      await job.run { report in if condition(report.steps[0].text) { signal.finish() } }
    }
    for await _ in reached {}
    task.cancel()
    return await task.value
  }

  @Test func libraryReadsVersionsAndNamesWhatIsWrong() async throws {
    try await withFleet { fleet in
      let root = fleet.model.folder + "/library"
      let version = root + "/tag-reader/2"
      try FileManager.default.createDirectory(atPath: version, withIntermediateDirectories: true)
      try FileManager.default.createDirectory(atPath: root + "/tag-reader/3", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: fleet.model.folder + "/manifest.json",
        toPath: version + "/manifest.json"
      )
      let library = ModelLibrary(
        reading: [.init(name: "tag-reader", path: "tag-reader"), .init(name: "x", path: "x")],
        root: root
      )
      #expect(library.models.map(\.version.number) == [2])
      #expect(library.problems.count == 2)
      #expect(library.problems.contains { $0.contains("/tag-reader/3/manifest.json: cannot be read") })
    }
  }
}
