import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Testing

/// The engine as its agent sees it.
@Suite struct EngineTests {
  private struct NoRuntime: Error, CustomStringConvertible {
    let description = "no runtime here: install one"
  }

  @Test func runsWithoutARuntimeAndSaysWhy() async throws {
    let (listener, port) = try Sockets.listen()
    let (ours, theirs) = try Sockets.pair()
    let options = EngineOptions(
      nodeName: NodeName(store: "s", node: "a"),
      controlDescriptor: theirs,
      httpDescriptor: listener
    )
    let engine = try await Engine.start(options) { throw NoRuntime() }
    let probe = TestEngine(engine: engine, port: port, agent: ours)
    let reply = try await probe.call(
      .activate(ModelVersion(name: "digits", number: 1), digest: ModelDigest(ofManifest: []), folder: "marker-1")
    )
    #expect(reply == .failed("no runtime here: install one"))
    guard case .report(let report) = try await probe.call(.report) else { throw TestFailure("no report") }
    #expect(report.runtime == nil)
    #expect(report.problem == "no runtime here: install one")
    #expect(try await TestClient(port).get("/v2/health/live").status == 200)
    #expect(try await TestClient(port).get("/v2/health/ready").status == 400)
    await probe.stop()
  }

  @Test func hearsWhenItsAgentIsGone() async throws {
    let engine = try await TestEngine.start()
    close(engine.agent)
    try await engine.engine.agentGone.get()
    await engine.engine.stop(within: .seconds(1))
  }

  @Test func leavesAnAgentItDoesNotUnderstand() async throws {
    let engine = try await TestEngine.start()
    Sockets.write([0xff, 0xff, 0xff, 0xff], to: engine.agent)
    try await engine.engine.agentGone.get()
    await engine.stop()
  }

  @Test func finishesWhatIsInFlightWhenItStops() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-1")
    let port = engine.port
    let idle = try TestClient(port)
    #expect(try await idle.get("/v2").status == 200)
    async let held = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1))
    try await eventually("the request is computing") { gate.arrivals == 1 }
    async let stopped: Void = engine.stop()
    #expect(try await idle.isAtEnd())
    gate.open()
    let answer = try await held
    #expect(answer.marker == 1)
    #expect(answer.fields["connection"] == "close")
    await stopped
  }

  @Test func aNewShapeHoldsUpNobodyElse() async throws {
    let gate = Gate(isOpen: true)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "compiling-1")
    let port = engine.port
    #expect(gate.arrivals == 1, "the warm-up has compiled for one row")
    gate.close()
    async let first = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(rows: 3))
    try await eventually("the model compiles for three rows") { gate.arrivals == 2 }
    // As many clients as to have one on every loop.
    for _ in 0..<4 { #expect(try await TestClient(port).infer(Bodies.json()).marker == 1) }
    #expect(try await engine.status().inFlight == 1, "the others did not wait for it")
    gate.open()
    #expect(try await first.marker == 1)
    await engine.stop()
  }

  @Test func nobodyIsRefusedForANewShape() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: nil)
    var patient = ModelOptions()
    patient.maximumWait = 60
    try await engine.activate("gated-1", version: 1, options: patient)
    let port = engine.port
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<90 {
        group.addTask { _ = try await Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1)) }
      }
      try await eventually("no worker is free") { try await engine.status().queued == 64 }
      try await engine.activate("marker-2", version: 2)
      #expect(try await TestClient(port).infer(Bodies.json(rows: 3)).marker == 2)
      gate.open()
      try await group.waitForAll()
    }
    await engine.stop()
  }

  @Test func refusesMoreThanMayWait() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: nil)
    var patient = ModelOptions()
    patient.maximumWait = 60
    try await engine.activate("gated-1", version: 1, options: patient)
    let port = engine.port
    let clients = 90
    let answers = try await withThrowingTaskGroup(of: TestClient.Answer.self) { group in
      for _ in 0..<clients {
        group.addTask { try await Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1)) }
      }
      var answers: [TestClient.Answer] = []
      // Those that find no place are answered while all the others wait.
      while answers.isEmpty, let answer = try await group.next() { answers.append(answer) }
      let status = try await engine.status()
      #expect(status.inFlight > 0)
      #expect(status.queued == 64)
      gate.open()
      for try await answer in group { answers.append(answer) }
      return answers
    }
    let refused = answers.filter { $0.status == 503 }
    #expect(answers.count == clients)
    #expect(!refused.isEmpty)
    #expect(refused.allSatisfy { $0.fields["retry-after"] == "1" })
    #expect(answers.filter { $0.status == 200 }.count == clients - refused.count)
    let status = try await engine.status()
    #expect(status.errors == UInt64(refused.count))
    #expect(status.queued == 0)
    #expect(status.inFlight == 0)
    await engine.stop()
  }

  @Test func injectsTheFaultItWasAskedFor() async throws {
    let late = try await TestEngine.start(fault: "latency=40ms")
    let client = try TestClient(late.port)
    let start = ContinuousClock.now
    #expect(try await client.infer(Bodies.json()).status == 200)
    #expect(ContinuousClock.now - start >= .milliseconds(40))
    let status = try await late.status()
    #expect(status.latency.milliseconds(atPercentile: 50) ?? 0 >= 39)
    #expect(status.computeTime.milliseconds(atPercentile: 50) ?? 99 < 39)
    await late.stop()
    let failing = try await TestEngine.start(fault: "errors=100%")
    let answer = try await TestClient(failing.port).infer(Bodies.json())
    #expect(answer.status == 500)
    #expect(answer.json["error"] as? String == "injected fault")
    #expect(try await failing.status().errors == 1)
    await failing.stop()
    let later = try await TestEngine.start(fault: "errors=100% after=1h")
    #expect(try await TestClient(later.port).infer(Bodies.json()).status == 200)
    await later.stop()
  }
}
