import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Testing

/// What an engine tells of the requests that it has in flight: whatever they wait for, the oldest is named.
@Suite struct FlightTests {
  private func gated() async throws -> (TestEngine, Gate) {
    let gate = Gate(isOpen: false)
    return (try await TestEngine.patient(FakeEngine(gate: gate), model: "gated-1"), gate)
  }

  private func expect(_ flight: FlightInfo?, id: String, model: String = "digits", _ what: Comment) {
    #expect(flight?.id == id, what)
    #expect(flight?.model == model, what)
    #expect(flight?.client.hasPrefix("127.0.0.1:") == true, what)
    #expect((0...20).contains(flight?.seconds ?? -1), what)
  }

  @Test func namesTheOldestThatComputes() async throws {
    let (engine, gate) = try await gated()
    #expect(try await engine.flights() == EngineFlights(count: 0))
    let client = try TestClient(engine.port)
    client.write(Wedge.rest(id: "till 4 / 17"))
    try await eventually("it computes") { gate.arrivals == 1 }
    let younger = try await GRPCTestClient.connect(engine.grpcPort)
    let call = Task { try await younger.infer(GRPCBodies.infer(first: 1, id: "younger")) }
    try await eventually("both are in flight") { try await engine.flights().count == 2 }
    expect(try await engine.flights().oldest, id: "till 4 / 17", "the older of the two")
    gate.open()
    #expect(try await Sockets.blocking { try client.readAnswer().status } == 200)
    #expect(try await call.value.status == 0)
    try await eventually("nothing is left") { try await engine.flights() == EngineFlights(count: 0) }
    await younger.close()
    await engine.stop()
  }

  @Test(arguments: [false, true]) func namesCallsOfGRPC(isStreamed: Bool) async throws {
    let (engine, gate) = try await gated()
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let method = isStreamed ? "ModelStreamInfer" : "ModelInfer"
    let id = try await client.begin("/inference.GRPCInferenceService/\(method)")
    let request = try GRPCTestClient.bytes(GRPCBodies.infer(first: 1, id: "g-1"))
    try await client.send(id, GRPCTestClient.framed(request), isLast: !isStreamed)
    try await eventually("it computes") { gate.arrivals == 1 }
    let flights = try await engine.flights()
    #expect(flights.count == 1)
    expect(flights.oldest, id: "g-1", "\(method)")
    gate.open()
    try await eventually("an open stream alone is not in flight") { try await engine.flights().count == 0 }
    await client.close()
    await engine.stop()
  }

  @Test func givesThoseWithoutAnIDOneThatStays() async throws {
    let (engine, gate) = try await gated()
    let client = try TestClient(engine.port)
    client.write(Wedge.request(Bodies.json(first: 1)))
    try await eventually("it computes") { gate.arrivals == 1 }
    let first = try #require(try await engine.flights().oldest)
    #expect(first.id.hasPrefix("#") && first.id.count > 4)
    #expect(try await engine.flights().oldest?.id == first.id)
    gate.open()
    await engine.stop()
  }

  @Test func namesWhatHasComeOfAHalfSentRequest() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    client.write(Array(Wedge.rest(id: "half").dropLast(20)))
    try await eventually("it is seen") { try await engine.flights().count == 1 }
    expect(try await engine.flights().oldest, id: "half", "as its first bytes tell")

    let stream = try await GRPCTestClient.connect(engine.grpcPort)
    let id = try await stream.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    let message = GRPCTestClient.framed(try GRPCTestClient.bytes(GRPCBodies.infer(rows: 4, id: "half a stream")))
    let half = try #require(message.getSlice(at: 0, length: message.readableBytes - 30))
    try await stream.send(id, half)
    try await eventually("both are seen") { try await engine.flights().count == 2 }
    client.write(Array(Wedge.rest(id: "half").suffix(20)))
    #expect(try await Sockets.blocking { try client.readAnswer().status } == 200)
    expect(try await engine.flights().oldest, id: "half a stream", "as its first bytes tell")
    await stream.close()
    await engine.stop()
  }

  @Test func namesTheOneWhoseClientDoesNotRead() async throws {
    let engine = try await TestEngine.patient(FakeEngine(), model: "large")
    let descriptor = try Sockets.connect(port: engine.port, receiveBuffer: 4096)
    try await Sockets.blocking { Sockets.write(Wedge.large(id: "large"), to: descriptor) }
    try await eventually("it is answered") { try await engine.status().requests == 1 }
    #expect(try await engine.status().errors == 0)
    try await eventually("it is seen") { try await engine.flights().count == 1 }
    expect(try await engine.flights().oldest, id: "large", "REST")
    close(descriptor)
    try await eventually("it goes with its client") { try await engine.flights().count == 0 }

    let client = try await GRPCTestClient.connect(engine.grpcPort, isReading: false)
    let id = try await client.begin("/inference.GRPCInferenceService/ModelInfer")
    let request = try GRPCTestClient.bytes(GRPCBodies.infer(id: "large too"))
    try await client.send(id, GRPCTestClient.framed(request), isLast: true)
    try await eventually("it is seen") { try await engine.flights().count == 1 }
    expect(try await engine.flights().oldest, id: "large too", "gRPC")
    await client.close()
    await engine.stop()
  }

  /// What siblings answer, and what begins to arrive after the hand-off began, holds up no drain.
  @Test func countsOnlyWhatHoldsADrainUp() async throws {
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-2", name: "austin-01/b")
    let before = try TestClient(a.port)
    before.write(Array(Wedge.rest(id: "before").dropLast(1)))
    try await eventually("it is seen") { try await a.flights().count == 1 }
    try await a.handOff(to: [b.port])
    let after = try TestClient(a.port)
    after.write(Array(Wedge.rest(id: "after").dropLast(1)))
    let relayed = try TestClient(a.port)
    relayed.write(Wedge.rest(id: "relayed"))
    try await eventually("the sibling computes") { gate.arrivals == 1 }
    let flights = try await a.flights()
    #expect(flights.count == 1)
    #expect(flights.oldest?.id == "before")
    // The sibling tells who has passed it on.
    #expect(try await b.flights().oldest?.client == "austin-01/a")
    gate.open()
    for client in [before, after] { client.write([UInt8(ascii: "}")]) }
    for client in [before, after, relayed] {
      #expect(try await Sockets.blocking { try client.readAnswer() }.marker == 2)
    }
    #expect(try await a.flights() == EngineFlights(count: 0))
    await a.stop()
    await b.stop()
  }

  @Test func countsWhoSendsAndWhoAnswers() async throws {
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    #expect(try await a.report().handOff == nil)
    try await a.handOff(to: [b.port])
    for _ in 0..<3 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 2) }
    let expected = EngineHandOff(
      clients: [EngineHandOff.Count(address: "127.0.0.1", requests: 3)],
      siblings: [EngineHandOff.Count(address: "127.0.0.1:\(b.port)", requests: 3)]
    )
    #expect(try await a.report().handOff == expected)
    #expect(try await a.call(.serve) == .done)
    #expect(try await a.report().handOff == nil)
    try await a.handOff(to: [b.port])
    #expect(try await a.report().handOff == EngineHandOff())
    await a.stop()
    await b.stop()
  }

  @Test func remembersNoMoreClientsThanItMay() throws {
    let traffic = HandOffTraffic()
    for number in 0..<(HandOffTraffic.maximumClients + 10) {
      traffic.came(from: try SocketAddress(ipAddress: "10.0.\(number / 256).\(number % 256)", port: 1))
    }
    let clients = traffic.current.clients
    #expect(clients.count == HandOffTraffic.maximumClients)
    #expect(clients.contains { $0.address == "10.0.1.9" }, "the newest is there")
    #expect(!clients.contains { $0.address == "10.0.0.0" }, "the one that was silent for longest is not")
  }

  @Test func tellsSiblingsHowLoadedItIs() async throws {
    let (engine, gate) = try await gated()
    let client = try TestClient(engine.port)
    #expect(try await client.get("/v2/health/ready").fields[SiblingLoad.headerName] == "0")
    let busy = try TestClient(engine.port)
    busy.write(Wedge.rest(id: "1"))
    try await eventually("it computes") { gate.arrivals == 1 }
    #expect(try await client.get("/v2/health/ready").fields[SiblingLoad.headerName] == "1")
    gate.open()
    await engine.stop()
  }
}
