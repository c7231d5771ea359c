import NIOCore
import NIOHTTP1

/// One connection to a sibling: one exchange at a time.
final class SiblingConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = SiblingExchange
  typealias OutboundOut = HTTPClientRequestPart

  private static let maximumAnswerBytes = 256 << 20

  private var promise: EventLoopPromise<SiblingAnswer>?
  private var answer: SiblingAnswer?

  func write(context: ChannelHandlerContext, data: NIOAny, promise written: EventLoopPromise<Void>?) {
    let exchange = unwrapOutboundIn(data)
    precondition(promise == nil, "a connection carries one exchange at a time")
    promise = exchange.promise
    context.write(wrapOutboundOut(.head(exchange.request.head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(exchange.request.body))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: written)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      answer = SiblingAnswer(
        status: Int(head.status.code),
        headers: head.headers,
        body: ByteBuffer(),
        keepsAlive: head.isKeepAlive
      )
    case .body(let bytes):
      answer?.body.writeImmutableBuffer(bytes)
      if let count = answer?.body.readableBytes, count > Self.maximumAnswerBytes {
        fail(SiblingError.answerTooLong)
        context.close(promise: nil)
      }
    case .end:
      guard let answer, let promise else { return }
      self.answer = nil
      self.promise = nil
      promise.succeed(answer)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(SiblingError.closed)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error)
    context.close(promise: nil)
  }

  private func fail(_ error: any Error) {
    promise?.fail(error)
    promise = nil
    answer = nil
  }
}
