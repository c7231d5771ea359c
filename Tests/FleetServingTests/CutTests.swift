import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Testing

/// What becomes of requests that are in flight when a drain's deadline comes.
@Suite struct CutTests {
  private func pair() async throws -> (TestEngine, TestEngine, Gate) {
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.patient(FakeEngine(gate: gate), model: "gated-1")
    return (a, try await TestEngine.start(model: "marker-2", name: "austin-01/b"), gate)
  }

  private func stuck(_ engine: TestEngine, _ gate: Gate, id: String) async throws -> TestClient {
    let client = try TestClient(engine.port)
    let arrivals = gate.arrivals
    client.write(Wedge.rest(id: id))
    try await eventually("'\(id)' computes") { gate.arrivals > arrivals }
    return client
  }

  @Test func siblingsAnswerWhatIsLeft() async throws {
    let (a, b, gate) = try await pair()
    let rest = try await stuck(a, gate, id: "r")
    let grpc = try await GRPCTestClient.connect(a.grpcPort)
    // One computes, the others wait.
    let unary = Task { try await grpc.infer(GRPCBodies.infer(first: 1, id: "u")) }
    let id = try await grpc.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    try await grpc.send(id, GRPCTestClient.framed(try GRPCTestClient.bytes(GRPCBodies.infer(first: 1, id: "s"))))
    try await eventually("all are in flight") { try await a.flights().count == 3 }
    try await a.handOff(to: [b.port])
    let cut = try await a.cut()
    #expect(Set(cut.map(\.flight.id)) == ["r", "u", "s"])
    #expect(cut.allSatisfy { $0.outcome == .handedOver && $0.flight.model == "digits" }, "\(cut)")
    // Each has one right answer, though the engine still computes another.
    #expect(try await Sockets.blocking { try rest.readAnswer() }.marker == 2)
    #expect(try await unary.value.marker == 2)
    let stream = try await grpc.reply(id) { $0.messages.count == 1 }
    let message: Inference_ModelStreamInferResponse = try stream.decoded()
    #expect(message.inferResponse.marker == 2 && message.inferResponse.id == "s")
    let status = try await a.status()
    #expect(status.inFlight == 0 && status.queued == 0)
    #expect(status.handedOff == 3 && status.requests == 0 && status.errors == 0)
    #expect(try await a.report().computing.count >= 1)
    gate.open()
    try await eventually("what was computed comes to nothing") { try await a.report().computing.isEmpty }
    let later = try await a.status()
    #expect(later.inFlight == 0 && later.handedOff == 3 && later.requests == 0 && later.errors == 0)
    #expect(try await grpc.current(id).messages.count == 1)
    await grpc.close()
    await a.stop()
    await b.stop()
  }

  /// With nobody to take it over, or a request that another node has passed on already.
  @Test(arguments: [false, true]) func refusesWhatNobodyTakes(isPassedOn: Bool) async throws {
    let (a, b, gate) = try await pair()
    let client = try TestClient(a.port)
    var request = Wedge.rest(id: "r")
    if isPassedOn {
      let field = Array("fleet-handed-off: austin-01/c\r\n".utf8)
      let start = try #require(request.firstRange(of: Array("Host".utf8))).lowerBound
      request.insert(contentsOf: field, at: start)
    }
    client.write(request)
    try await eventually("it computes") { gate.arrivals == 1 }
    try await a.handOff(to: isPassedOn ? [b.port] : [])
    let cut = try await a.cut()
    #expect(cut.map(\.outcome) == [.refused])
    let answer = try await Sockets.blocking { try client.readAnswer() }
    #expect(answer.status == 503)
    #expect((answer.json["error"] as? String)?.contains("no sibling took the request over") == true)
    #expect(try await a.status().errors == 1)
    gate.open()
    await a.stop()
    await b.stop()
  }

  @Test func endsWhatClientsDoNotGoOnWith() async throws {
    let a = try await TestEngine.patient(FakeEngine(), model: "large")
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    let half = try TestClient(a.port)
    half.write(Array(Wedge.rest(id: "half").dropLast(1)))
    let slow = try Sockets.connect(port: a.port, receiveBuffer: 4096)
    try await Sockets.blocking { Sockets.write(Wedge.large(id: "slow"), to: slow) }
    let grpc = try await GRPCTestClient.connect(a.grpcPort)
    let unary = try await grpc.begin("/inference.GRPCInferenceService/ModelInfer")
    let idle = try await grpc.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    try await eventually("its answer is stuck") { try await a.status().requests == 1 }
    try await eventually("three are in flight; a stream between two requests is not") {
      try await a.flights().count == 3
    }
    try await a.handOff(to: [b.port])
    let outcomes = Dictionary(uniqueKeysWithValues: try await a.cut().map { ($0.flight.id, $0.outcome) })
    #expect(outcomes.count == 3)
    #expect(outcomes["half"] == .refused && outcomes["slow"] == .closed)
    let refused = try await Sockets.blocking { try half.readAnswer() }
    #expect(refused.status == 503 && refused.fields["connection"] == "close")
    #expect(try await grpc.reply(unary).status == 14)
    let ended = try await grpc.reply(idle)
    #expect(ended.status == 14 && ended.message.contains("begin a new call"))
    // The connection stays, and new calls on it are handed on.
    #expect(try await grpc.infer(GRPCBodies.infer()).marker == 2)
    try await eventually("nothing is left") { try await a.flights().count == 0 }
    close(slow)
    await grpc.close()
    await a.stop()
    await b.stop()
  }

  @Test func requestsThatAreHandedOnGoOn() async throws {
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-2", name: "austin-01/b")
    try await a.handOff(to: [b.port])
    let client = try await stuck(a, gate, id: "with the sibling")
    #expect(try await a.cut().isEmpty)
    gate.open()
    #expect(try await Sockets.blocking { try client.readAnswer() }.marker == 2)
    await a.stop()
    await b.stop()
  }

  @Test func warmsItsModelsBeforeItTakesRequestsBack() async throws {
    let gate = Gate(isOpen: true)
    let a = try await TestEngine.start(FakeEngine(gate: gate), model: "warming-1")
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    try await a.handOff(to: [b.port])
    gate.close()
    let first = a.send(.serve)
    try await eventually("it is warmed") { gate.arrivals == 1 }
    #expect(try await TestClient(a.port).infer(Bodies.json(first: 2)).marker == 2, "the sibling answers meanwhile")
    #expect(try await TestClient(a.port).get("/v2/health/ready").status == 400)
    // A drain that is ordered meanwhile stands.
    try await a.handOff(to: [b.port])
    gate.open()
    #expect(try await a.reply(to: first) == .done)
    #expect(try await TestClient(a.port).infer(Bodies.json(first: 2)).marker == 2)
    #expect(try await a.call(.serve) == .done)
    #expect(try await TestClient(a.port).infer(Bodies.json(first: 2)).marker == 1)
    await a.stop()
    await b.stop()
  }
}
