import FleetCore
import FleetServing
import Foundation
import NIOCore
import NIOPosix
import Testing

/// Answers every request with the same large body.
private struct LargeAnswer: HTTPResponder {
  let body: ByteBuffer

  func respond(to request: HTTPRequest, on loop: any EventLoop) -> Eventual<HTTPResponse> {
    .now(HTTPResponse(status: 200, body: body))
  }

  func refusal(status: Int, _ message: String) -> HTTPResponse {
    HTTPResponse(status: status)
  }
}

/// How connections end: not before their answers are out.
@Suite struct EndingTests {
  /// More than the sockets' buffers on both ends hold.
  private static let length = 40 << 20

  /// Runs `body` with the port of a server of large answers, and that server.
  private func serving(
    _ limits: HTTPLimits,
    _ body: (UInt16, ConnectionServer) async throws -> Void
  ) async throws {
    let (listener, port) = try Sockets.listen()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let answer = LargeAnswer(body: ByteBuffer(repeating: 7, count: Self.length))
    let server = try await HTTPServer.start(descriptor: listener, group: group, responder: answer, limits: limits)
    try await body(port, server)
    await server.stop(within: .seconds(5))
    try await group.shutdownGracefully()
  }

  /// Sends a request and counts the bytes of its answer, head and all; `pause` is called after each piece with the sum so far.
  private func bytesOfAnswer(
    _ port: UInt16,
    fields: String = "",
    pause: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws -> Int {
    try await Sockets.blocking {
      let descriptor = try Sockets.connect(port: port, receiveBuffer: 64 << 10)
      defer { close(descriptor) }
      Sockets.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8), to: descriptor)
      var count = 0
      while count < Self.length {
        pause(count)
        let piece = try Sockets.read(from: descriptor)
        if piece.isEmpty { return count }
        count += piece.count
      }
      return count
    }
  }

  private static func firstBytesOfAnswer(_ port: UInt16) {
    guard let descriptor = try? Sockets.connect(port: port) else { return }
    Sockets.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: descriptor)
    _ = try? Sockets.read(from: descriptor)
    close(descriptor)
  }

  @Test func manyConnectionsMayWaitToBeAccepted() async throws {
    let (listener, _) = try Sockets.listen()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let answer = LargeAnswer(body: ByteBuffer())
    let server = try await HTTPServer.start(descriptor: listener, group: group, responder: answer)
    // Of a listening socket, `tcpi_sacked` is its backlog: the sixth word after eight bytes (linux/tcp.h).
    var words = [UInt32](repeating: 0, count: 26)
    var length = socklen_t(words.count * 4)
    #expect(unsafe getsockopt(listener, Int32(IPPROTO_TCP), TCP_INFO, &words, &length) == 0)
    let most = try String(contentsOfFile: "/proc/sys/net/core/somaxconn", encoding: .utf8)
    #expect(words[7] == min(1024, UInt32(most.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0))
    await server.stop(within: .seconds(5))
    try await group.shutdownGracefully()
  }

  @Test func aLargeAnswerIsNotCutOffByTheEnd() async throws {
    var limits = HTTPLimits()
    limits.linger = .nanoseconds(0)
    try await serving(limits) { port, _ in
      let count = try await bytesOfAnswer(port, fields: "Connection: close\r\n") { count in
        // When another has its answer, the server's loop has come round since ours was written.
        if count == 0 { Self.firstBytesOfAnswer(port) }
      }
      #expect(count >= Self.length)
    }
  }

  @Test func whoTakesItsAnswerSteadilyIsNotCutOff() async throws {
    var limits = HTTPLimits()
    limits.stall = .milliseconds(400)
    limits.idle = .milliseconds(400)
    try await serving(limits) { port, _ in
      for fields in ["", "Connection: close\r\n"] {
        let start = ContinuousClock.now
        let count = try await bytesOfAnswer(port, fields: fields) { _ in
          if ContinuousClock.now - start < .milliseconds(1200) { usleep(2000) }
        }
        #expect(count >= Self.length)
      }
    }
  }

  @Test(arguments: ["", "Connection: close\r\n"])
  func whoTakesNothingIsCutOff(fields: String) async throws {
    var limits = HTTPLimits()
    limits.stall = .milliseconds(50)
    limits.linger = .minutes(5)
    try await serving(limits) { port, server in
      let descriptor = try Sockets.connect(port: port)
      defer { close(descriptor) }
      Sockets.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8), to: descriptor)
      #expect(try await Sockets.blocking { try Sockets.read(from: descriptor).isEmpty } == false)
      try await eventually("the connection is closed") { server.census.count == 0 }
    }
  }

  @Test func aStoppingServerSendsWhatItHasBegun() async throws {
    var limits = HTTPLimits()
    limits.stopGrace = .milliseconds(1)
    limits.linger = .nanoseconds(0)
    let gate = Gate(isOpen: false)
    try await serving(limits) { port, server in
      async let count = bytesOfAnswer(port) { count in
        guard 1..<(1 << 20) ~= count else { return }
        gate.pass()
        usleep(2000)
      }
      try await eventually("the answer has begun") { gate.arrivals == 1 }
      async let stopped: Void = server.stop(within: .seconds(10))
      gate.open()
      #expect(try await count >= Self.length)
      await stopped
    }
  }

  @Test func whoEndsItsSideStillGetsItsAnswers() async throws {
    // The slow model is answered later, from another thread.
    let engine = try await TestEngine.start(model: "slow-1")
    let client = try TestClient(engine.port)
    let body = Bodies.json()
    let request =
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    client.write(Array((request + request).utf8))
    client.finishWriting()
    for connection in [nil, "close"] {
      let answer = try await Sockets.blocking { () throws -> TestClient.Answer in
        let first = try client.readAnswer()
        return first.status == 100 ? try client.readAnswer() : first
      }
      #expect(answer.marker == 1)
      #expect(answer.fields["connection"] == connection)
    }
    #expect(try await client.isAtEnd())
    let idle = try TestClient(engine.port)
    #expect(try await idle.get("/v2").status == 200)
    idle.finishWriting()
    #expect(try await idle.isAtEnd())
    try await eventually("connections are closed") { engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func refusesBodiesThatMemoryDoesNotHoldTogether() async throws {
    var limits = HTTPLimits()
    limits.totalBodyBytes = 100_000
    let engine = try await TestEngine.start(limits: limits)
    let head = "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\n"
    let first = try TestClient(engine.port)
    first.write(Array((head + "Content-Length: 70001\r\n\r\n" + String(repeating: " ", count: 70_000)).utf8))
    try await eventually("the first body has arrived but for a byte") { engine.bodyBytes == 70_000 }
    for framing in ["Content-Length: 40000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n9c40\r\n"] {
      let second = try TestClient(engine.port)
      let refused = try await second.exchange(Array((head + framing + String(repeating: " ", count: 40_000)).utf8))
      #expect(refused.status == 503)
      #expect(refused.fields["retry-after"] == "1")
      #expect(refused.json["error"] as? String == "too many requests are on their way here at once")
    }
    #expect(try await TestClient(engine.port).infer(Bodies.json()).status == 200)
    #expect(engine.bodyBytes == 70_000)
    #expect(try await first.exchange(Array(" ".utf8)).status == 400)
    try await eventually("nothing is held") { engine.bodyBytes == 0 }
    // Nor by who leaves in the middle.
    try Self.leave(engine.port, head + "Content-Length: 70001\r\n\r\n" + String(repeating: " ", count: 70_000))
    try await eventually("nothing is held") { engine.openConnections == 1 && engine.bodyBytes == 0 }
    await engine.stop()
  }

  private static func leave(_ port: UInt16, _ text: String) throws {
    try TestClient(port).write(Array(text.utf8))
  }
}
