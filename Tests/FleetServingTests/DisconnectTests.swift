import FleetCore
import FleetServing
import Foundation
import Testing

/// Clients that go before their answer comes, and more of them than there may be.
@Suite struct DisconnectTests {
  private static func request(_ body: String) -> [UInt8] {
    Array("POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
  }

  private static func patient() -> ModelOptions {
    var options = ModelOptions()
    options.maximumWait = 60
    return options
  }

  /// With `SO_LINGER` of zero the kernel resets the connection instead of ending it.
  @Test(arguments: [false, true])
  func aClosedClientsRequestLeavesTheQueue(isReset: Bool) async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: nil)
    try await engine.activate("gated-1", version: 1, options: Self.patient())
    let port = engine.port
    async let held = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1))
    try await eventually("the first computes") { gate.arrivals == 1 }
    let descriptor = try Sockets.connect(port: port)
    Sockets.write(Self.request(Bodies.json(first: 1)), to: descriptor)
    try await eventually("the second waits") { try await engine.status().queued == 1 }
    if isReset {
      var linger = linger(l_onoff: 1, l_linger: 0)
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
    close(descriptor)
    try await eventually("the second is forgotten") { try await engine.status().queued == 0 }
    try await eventually("its body too") { engine.bodyBytes < 2 * Bodies.json(first: 1).utf8.count }
    #expect(try await engine.status().errors == 0, "nobody failed")
    gate.open()
    #expect(try await held.status == 200)
    #expect(gate.arrivals == 1)
    await engine.stop()
  }

  @Test func aClientThatEndsItsSideStillGetsItsAnswer() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: nil)
    try await engine.activate("gated-1", version: 1, options: Self.patient())
    let client = try TestClient(engine.port)
    client.write(Self.request(Bodies.json(first: 1)))
    try await eventually("it computes") { gate.arrivals == 1 }
    client.finishWriting()
    let interim = try await Sockets.blocking { try client.readAnswer() }
    #expect(interim.status == 100)
    gate.open()
    let answer = try await Sockets.blocking { try client.readAnswer() }
    #expect(answer.marker == 1)
    #expect(answer.fields["connection"] == "close")
    #expect(try await client.isAtEnd())
    await engine.stop()
  }

  @Test func moreClientsThanMayBeAreClosedAndCostNothing() async throws {
    var limits = HTTPLimits()
    limits.connections = 2
    let engine = try await TestEngine.start(limits: limits)
    let port = engine.port
    let first = try TestClient(port)
    let second = try TestClient(port)
    #expect(try await first.get("/v2").status == 200)
    #expect(try await second.get("/v2").status == 200)
    func refused(_ count: Int) async throws {
      try await Sockets.blocking {
        for _ in 0..<count {
          let descriptor = try Sockets.connect(port: port)
          let bytes = try Sockets.read(from: descriptor)
          close(descriptor)
          #expect(bytes.isEmpty)
        }
      }
    }
    try await refused(300)
    #expect(engine.openConnections == 2)
    #expect(try await first.infer(Bodies.json()).status == 200)
    await engine.stop()
  }

  @Test func aClientThatPipelinesLetsOthersHaveTheirTurn() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let count = 100
    let request = Array("GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    client.write(Array([[UInt8]](repeating: request, count: count).joined()))
    let statuses = try await Sockets.blocking { try (0..<count).map { _ in try client.readAnswer().status } }
    #expect(statuses.allSatisfy { $0 == 200 })
    #expect(try await client.get("/v2").status == 200)
    await engine.stop()
  }
}
