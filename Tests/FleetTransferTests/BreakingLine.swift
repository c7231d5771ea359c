import NIOCore
import NIOPosix
import Synchronization

/// A line between a console and a node, thinner than either of them, with a fault: a connection breaks once as many bytes as were said
/// have gone to the node.
final class BreakingLine: Sendable {
  private struct State {
    var left = Int.max
    var carried = 0
    var breaks = 0
  }

  private static let bytesPerSecond = 12_000_000
  private let state = Mutex(State())

  /// Bytes that went to the node so far, and how often the line broke.
  var carried: Int { state.withLock { $0.carried } }
  var breaks: Int { state.withLock { $0.breaks } }

  /// From now on, over all connections together.
  func breakAfter(_ bytes: Int?) { state.withLock { $0.left = bytes ?? .max } }

  /// Listens while `body` runs.
  func run(to target: String, _ body: (_ address: String) async throws -> Void) async throws {
    let port = Int(target.split(separator: ":").last ?? "") ?? 0
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { [self] console in
        ClientBootstrap(group: console.eventLoop)
          .channelOption(.autoRead, value: false)
          .connect(host: "127.0.0.1", port: port)
          .flatMapThrowing { node in
            let there = Half(other: node, bytesPerSecond: Self.bytesPerSecond) { self.allow($0) }
            let back = Half(other: console, bytesPerSecond: nil) { $0 }
            try console.pipeline.syncOperations.addHandler(there)
            try node.pipeline.syncOperations.addHandler(back)
          }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    do {
      try await body("127.0.0.1:\(server.localAddress?.port ?? 0)")
    } catch {
      try? await server.close()
      throw error
    }
    try await server.close()
  }

  /// How many of `count` bytes still go. Fewer than all: then it breaks, and mends at once.
  private func allow(_ count: Int) -> Int {
    state.withLock { state in
      let allowed = min(count, state.left)
      state.carried += allowed
      if state.left != .max { state.left -= allowed }
      if allowed < count {
        state.breaks += 1
        state.left = .max
      }
      return allowed
    }
  }
}

/// One direction: what comes here goes there, as fast as it is taken there.
private final class Half: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let other: any Channel
  private let bytesPerSecond: Int?
  private let allow: (Int) -> Int

  init(other: any Channel, bytesPerSecond: Int?, allow: @escaping (Int) -> Int) {
    self.other = other
    self.bytesPerSecond = bytesPerSecond
    self.allow = allow
  }

  func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { context.read() } }

  func channelActive(context: ChannelHandlerContext) { context.read() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    let allowed = allow(bytes.readableBytes)
    let isBroken = allowed < bytes.readableBytes
    let part = bytes.readSlice(length: allowed) ?? ByteBuffer()
    let channel = context.channel
    let pause = TimeAmount.nanoseconds(bytesPerSecond.map { Int64(allowed) * 1_000_000_000 / Int64($0) } ?? 0)
    other.writeAndFlush(part).whenComplete { [other] result in
      guard case .success = result, !isBroken else {
        other.close(promise: nil)
        channel.close(promise: nil)
        return
      }
      channel.eventLoop.scheduleTask(in: pause) { channel.read() }
    }
  }

  func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
