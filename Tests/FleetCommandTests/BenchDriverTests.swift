import FleetCore
import NIOCore
import NIOPosix
import Testing

@testable import fleet

/// Against a small server that answers as it is told.
struct BenchDriverTests {
  @Test func everyAnswerBringsTheNextCall() async throws {
    let server = try await StubServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    let window = try await Self.measure(server, connections: 3)
    #expect(window.ledger.answeredCount > 3)
    #expect(window.ledger.errorCount == 0, "\(window.ledger.example ?? "")")
    try await server.stop()
  }

  @Test func refusalsFailuresAndLossesAreToldApart() async throws {
    let refusing = try await StubServer("HTTP/1.1 503 Busy\r\nContent-Length: 16\r\n\r\n{\"error\":\"busy\"}")
    let refused = try await Self.measure(refusing).ledger
    #expect(refused.refusedCount > 1 && refused.answeredCount == 0 && refused.example == "503 busy")
    try await refusing.stop()

    let failing = try await StubServer("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh")
    let failed = try await Self.measure(failing).ledger
    #expect(failed.failedCount > 1 && failed.answeredCount == 0 && failed.example == "500 oh")
    try await failing.stop()

    let closing = try await StubServer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", closes: true)
    let lost = try await Self.measure(closing).ledger
    #expect(lost.lostCount > 1 && lost.answeredCount == 0)
    try await closing.stop()
  }

  @Test func connectsAgainWhenTheServerClosesAfterItsAnswer() async throws {
    let server = try await StubServer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", closes: true)
    let ledger = try await Self.measure(server).ledger
    #expect(ledger.answeredCount > 2 && ledger.lostCount == 0, "\(ledger.example ?? "")")
    try await server.stop()
  }

  @Test func callWithoutAnAnswerIsLost() async throws {
    let server = try await StubServer("")
    let ledger = try await Self.measure(server, patience: .milliseconds(50)).ledger
    #expect(ledger.lostCount >= 1 && ledger.example == "no answer in time")
    try await server.stop()
  }

  @Test func openLoopOwesWhatItCannotSend() async throws {
    let server = try await StubServer("")
    let ledger = try await Self.measure(server, connections: 2, rate: 1000).ledger
    #expect(ledger.unsentCount > 10, "two connections are busy for ever")
    try await server.stop()
  }

  @Test func saysThatNobodyListens() async throws {
    let server = try await StubServer("")
    try await server.stop()
    await #expect(throws: BenchError.self) { _ = try await Self.measure(server) }
  }

  private static func measure(
    _ server: StubServer,
    connections: Int = 1,
    rate: Double? = nil,
    patience: TimeAmount = .seconds(10)
  ) async throws -> BenchRun.Window {
    let target = BenchTarget(host: "127.0.0.1", port: server.port, form: .rest)
    let model = try #require(BenchModelName("m"))
    let run = BenchRun(
      target: target,
      call: target.inferCall(of: model, [BenchTensor(name: "x", datatype: "UINT8", shape: [1], bytes: [1])]),
      load: .init(connections: connections, callsPerConnection: 1, rate: rate, patience: patience),
      duration: .milliseconds(500),
      pid: nil,
      energy: { nil }
    )
    return try await run.measure(on: MultiThreadedEventLoopGroup.singleton.next())
  }
}

/// Answers each read with the same bytes.
private final class StubServer: Sendable {
  private let channel: any Channel
  let port: Int

  init(_ answer: String, closes: Bool = false) async throws {
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Answering(ByteBuffer(string: answer), closes: closes))
        }
      }
      .bind(host: "127.0.0.1", port: 0)
      .get()
    port = channel.localAddress?.port ?? 0
  }

  func stop() async throws {
    try await channel.close()
  }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: ByteBuffer
    private let closes: Bool

    init(_ answer: ByteBuffer, closes: Bool) {
      self.answer = answer
      self.closes = closes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let written = context.writeAndFlush(wrapOutboundOut(answer))
      if closes {
        let channel = context.channel
        written.whenComplete { _ in channel.close(promise: nil) }
      }
    }
  }
}
