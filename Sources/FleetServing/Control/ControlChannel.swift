import FleetWire
import NIOCore
import NIOPosix

/// The engine's end of the socket to its agent: requests in, responses out, each in its own time.
final class ControlChannel: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let controller: EngineController
  private var received: [UInt8] = []

  init(controller: EngineController) {
    self.controller = controller
  }

  /// Takes over `descriptor`, a connected stream socket. The channel closes when the agent has gone.
  static func open(
    descriptor: Int32,
    on loop: any EventLoop,
    controller: EngineController
  ) -> EventLoopFuture<any Channel> {
    ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ControlChannel(controller: controller))
        }
      }
      .withConnectedSocket(descriptor)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
    do {
      while let request = try EngineFraming.decode(EngineRequest.self, from: &received) { perform(request, context) }
    } catch {
      // An agent that we do not understand is as good as gone.
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func perform(_ request: EngineRequest, _ context: ChannelHandlerContext) {
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    controller.perform(request.command, on: context.value.eventLoop).assumeIsolated().whenComplete { [self] result in
      let reply: EngineReply
      switch result {
      case .success(let value): reply = value
      case .failure(let error): reply = .failed("the engine is stopping: \(error)")
      }
      respond(EngineResponse(id: request.id, reply: reply), context.value)
    }
  }

  private func respond(_ response: EngineResponse, _ context: ChannelHandlerContext) {
    guard context.channel.isActive, let bytes = try? EngineFraming.encode(response) else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
  }
}
