import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Synchronization
import Testing

/// Siblings that are down, slow, full or of another version while requests are handed to them: each request has one right answer, or one clear
/// refusal.
@Suite struct SiblingTests {
  private func expectMarker(_ marker: Int, from engine: TestEngine, _ what: Comment) async throws {
    #expect(try await TestClient(engine.port).infer(Bodies.json()).marker == Double(marker), what)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    #expect(try await client.infer(GRPCBodies.infer()).marker == Float(marker), what)
    await client.close()
  }

  @Test func aFullSiblingIsPassedOver() async throws {
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.start()
    let full = try await TestEngine.start(FakeEngine(gate: gate), model: nil, name: "austin-01/b")
    var options = ModelOptions()
    options.maximumQueued = 1
    options.maximumWait = 60
    try await full.activate("gated-2", version: 1, options: options)
    let busy = try (0..<2).map { _ in try TestClient(full.port) }
    for (index, client) in busy.enumerated() {
      client.write(Wedge.rest(id: "\(index)"))
      try await eventually("\(index) is in flight") { try await full.status().inFlight == index + 1 }
    }
    let free = try await TestEngine.start(model: "marker-3", name: "austin-01/c")
    let wedged = Wedge.request(Bodies.json(first: 1))
    func ask() async throws -> TestClient.Answer { try await TestClient(a.port).exchange(wedged) }
    try await a.handOff(to: [full.port, free.port])
    #expect(try await ask().marker == 3)
    try await a.handOff(to: [full.port])
    #expect(try await ask().marker == 1, "better here than not at all")
    try await a.handOff(to: [full.port], refusesWhenAlone: true)
    let refused = try await ask()
    #expect(refused.status == 503 && refused.fields["retry-after"] == "1")
    #expect(try await full.status().refusedFull == 3)
    #expect(try await a.status().handedOff == 1)
    gate.open()
    for client in busy { #expect(try await Sockets.blocking { try client.readAnswer().status } == 200) }
    for engine in [a, full, free] { await engine.stop() }
  }

  @Test func aSlowSiblingIsNotWaitedForForever() async throws {
    var limits = HTTPLimits()
    limits.relayAttempt = .milliseconds(200)
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.start(limits: limits)
    let slow = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-2", name: "austin-01/b")
    let quick = try await TestEngine.start(model: "marker-3", name: "austin-01/c")
    try await a.handOff(to: [slow.port, quick.port])
    let client = try TestClient(a.port)
    #expect(try await client.exchange(Wedge.rest(id: "1")).marker == 3)
    #expect(gate.arrivals == 1)
    // It is asked last for a while.
    #expect(try await TestClient(a.port).exchange(Wedge.rest(id: "2")).marker == 3)
    #expect(gate.arrivals == 1)
    try await a.handOff(to: [slow.port])
    #expect(try await TestClient(a.port).exchange(Wedge.rest(id: "3")).marker == 1)
    // Its late answers are nobody's: the client that was answered in its place hears no more.
    gate.open()
    try await eventually("it has computed them all the same") { try await slow.status().requests >= 1 }
    #expect(try await client.isAtEnd())
    try await eventually("it is trusted again, and each gets its own answer") {
      let answer = try await TestClient(a.port).exchange(Wedge.rest(id: "4"))
      #expect(answer.json["id"] as? String == "4")
      return answer.marker == 2
    }
    for engine in [a, slow, quick] { await engine.stop() }
  }

  @Test func aSiblingOfAnotherVersionAnswersOnlyForThat() async throws {
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(model: nil, name: "austin-01/b")
    try await b.activate("marker-2", version: 2)
    try await a.handOff(to: [b.port])
    try await expectMarker(2, from: a, "who names no version gets the sibling's")
    func ask(_ version: Int) async throws -> TestClient.Answer {
      try await TestClient(a.port).infer(Bodies.json(), path: "/v2/models/digits/versions/\(version)/infer")
    }
    let answer = try await ask(1)
    #expect(answer.marker == 1 && answer.json["model_version"] as? String == "1")
    #expect(try await ask(2).marker == 2)
    let client = try await GRPCTestClient.connect(a.grpcPort)
    #expect(try await client.infer(GRPCBodies.infer { $0.modelVersion = "1" }).marker == 1)
    try await a.handOff(to: [b.port], refusesWhenAlone: true)
    #expect(try await ask(1).status == 503)
    #expect(try await ask(3).status == 503)
    #expect(try await client.infer(GRPCBodies.infer { $0.modelVersion = "1" }).status == 14)
    await client.close()
    await a.stop()
    await b.stop()
  }

  @Test func aSiblingWithoutTheModelIsPassedOver() async throws {
    let a = try await TestEngine.start()
    let empty = try await TestEngine.start(model: nil, name: "austin-01/b")
    let c = try await TestEngine.start(model: "marker-3", name: "austin-01/c")
    try await a.handOff(to: [empty.port, c.port])
    try await expectMarker(3, from: a, "the next")
    try await a.handOff(to: [empty.port])
    try await expectMarker(1, from: a, "this node")
    for engine in [a, empty, c] { await engine.stop() }
  }

  /// One that takes connections and closes them, in the middle of an answer or before, or says what is no HTTP.
  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"outp", "what?\r\n\r\n"])
  func aSiblingThatBreaksOffIsPassedOver(says: String) async throws {
    let a = try await TestEngine.start()
    let (listener, port) = try Sockets.listen()
    let accepted = Mutex(0)
    let breaking = Task {
      try await Sockets.blocking {
        while true {
          let connection = accept(listener, nil, nil)
          guard connection >= 0 else { return }
          accepted.withLock { $0 += 1 }
          _ = try? Sockets.read(from: connection)
          Sockets.write(Array(says.utf8), to: connection)
          close(connection)
        }
      }
    }
    try await a.handOff(to: [port])
    for _ in 0..<3 { try await expectMarker(1, from: a, "'\(says)'") }
    #expect(accepted.withLock { $0 } >= 3)
    #expect(try await a.status().handedOff == 0)
    shutdown(listener, Int32(SHUT_RDWR))
    try await breaking.value
    close(listener)
    await a.stop()
  }

  @Test func aStreamIsHandedOnAndTakenBackRequestByRequest() async throws {
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    let client = try await GRPCTestClient.connect(a.grpcPort)
    let id = try await client.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    for round in 0..<6 {
      let isHandedOn = round % 2 == 1
      if isHandedOn { try await a.handOff(to: [b.port]) } else { #expect(try await a.call(.serve) == .done) }
      let request = GRPCBodies.infer(id: "\(round)")
      try await client.send(id, GRPCTestClient.framed(try GRPCTestClient.bytes(request)))
      let reply = try await client.reply(id) { $0.messages.count > round }
      let answer: Inference_ModelStreamInferResponse = try reply.decoded(round)
      #expect(answer.inferResponse.id == "\(round)")
      #expect(answer.inferResponse.marker == (isHandedOn ? 2 : 1))
    }
    try await client.send(id, ByteBuffer(), isLast: true)
    let end = try await client.reply(id)
    #expect(end.status == 0 && end.messages.count == 6)
    await client.close()
    await a.stop()
    await b.stop()
  }
}
