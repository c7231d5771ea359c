import NIOCore

/// Sits behind TLS and closes a connection whose peer has not said a byte over it in time. Without it a stopped node
/// would hold a console's connection attempt for ever (its kernel still accepts), and a hostile caller an agent's memory.
final class FirstByteDeadline: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let deadline: Duration
  private let onSilence: (_ isConnected: Bool) -> Void
  private var timer: Scheduled<Void>?

  init(_ deadline: Duration, onSilence: @escaping (_ isConnected: Bool) -> Void = { _ in }) {
    self.deadline = deadline
    self.onSilence = onSilence
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(deadline)) { [onSilence] in
      onSilence(context.channel.isActive)
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    stop()
    context.fireChannelRead(data)
  }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    stop()
  }

  private func stop() {
    timer?.cancel()
    timer = nil
  }
}
