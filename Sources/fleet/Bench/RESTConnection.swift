import NIOCore

/// A kept-alive connection over which one request is sent again and again.
final class RESTConnection: ChannelInboundHandler, BenchConnection {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: ByteBuffer
  private let observer: any BenchObserver
  private var context: ChannelHandlerContext?
  private var reader = HTTPAnswerReader()
  private var since: NIODeadline?
  private var trouble = "the connection ended before the answer"

  init(request: ByteBuffer, observer: any BenchObserver) {
    self.request = request
    self.observer = observer
  }

  var isOpen: Bool { context != nil }

  func call(since: NIODeadline) {
    guard let context else { return observer.ended(self, since: since, .lost(trouble), body: ByteBuffer()) }
    self.since = since
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
  }

  func expire(before limit: NIODeadline) {
    guard let since, since < limit else { return }
    trouble = "no answer in time"
    close()
  }

  func close() {
    let closing = context
    context = nil
    closing?.close(promise: nil)
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    observer.opened(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    reader.feed(&bytes)
    do {
      while let answer = try reader.next() {
        guard let began = since else { throw BenchError("the server answers what nobody asked") }
        since = nil
        // Before the observer hears of it, so that it sends nothing to a closed door.
        if answer.isLast { close() }
        observer.ended(self, since: began, Self.outcome(answer), body: answer.body)
      }
    } catch {
      trouble = "\(error)"
      close()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    if let began = since {
      since = nil
      observer.ended(self, since: began, .lost(trouble), body: ByteBuffer())
    }
    observer.closed(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    trouble = "\(error)"
    close()
  }

  private static func outcome(_ answer: HTTPAnswerReader.Answer) -> CallOutcome {
    switch answer.status {
    case 200: .answered
    case 503: .refused("503 \(BenchMetadata.error(inJSON: Array(answer.body.readableBytesView)))")
    default: .failed("\(answer.status) \(BenchMetadata.error(inJSON: Array(answer.body.readableBytesView)))")
    }
  }
}
