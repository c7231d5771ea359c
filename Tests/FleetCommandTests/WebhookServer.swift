import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A web server on this machine that notes what it is sent and answers as it is told to.
final class WebhookServer: Sendable {
  struct Call: Sendable {
    var head: HTTPRequestHead
    var body: String
  }

  let port: Int
  private let group: MultiThreadedEventLoopGroup
  private let channel: any Channel
  private let log: Log

  final class Log: Sendable {
    let calls = Mutex<[Call]>([])
    /// What to answer, in order; 200 when there is nothing more, nothing at all for 0.
    let answers: Mutex<[Int]>

    init(_ answers: [Int]) { self.answers = Mutex(answers) }
  }

  init(answers: [Int] = [], tls: NIOSSLContext? = nil) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let log = Log(answers)
    self.group = group
    self.log = log
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(log))
        }
      }
      .bind(host: "0.0.0.0", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  var calls: [Call] { log.calls.withLock { $0 } }

  func stop() async throws {
    try await channel.close()
    try await group.shutdownGracefully()
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let log: Log
    private var call: Call?

    init(_ log: Log) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): call = Call(head: head, body: "")
      case .body(let bytes): call?.body += String(buffer: bytes)
      case .end:
        guard let call else { return }
        log.calls.withLock { $0.append(call) }
        let status = log.answers.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
        guard status != 0 else { return }
        let head = HTTPResponseHead(
          version: .http1_1,
          status: HTTPResponseStatus(statusCode: status),
          headers: ["content-length": "2"]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "ok")))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
