import NIOCore
import NIOHTTP1
import NIOPosix

/// Why a request got no answer. What was sent may have been worked on unless it says `refused`.
enum InferenceFailure: Error {
  /// No connection, or the node said that it cannot take requests (503).
  case refused(String)
  /// The connection ended before the answer was complete.
  case closed
  case timeout
}

/// A node's answer over REST.
struct InferenceAnswer: Sendable {
  var status: Int
  var body: [UInt8]
}

/// One kept-alive connection to a node's REST port, for one request at a time.
struct InferenceConnection: Sendable {
  private let channel: any Channel

  /// `address` is HOST:PORT.
  static func open(
    host: String,
    port: Int,
    on group: MultiThreadedEventLoopGroup,
    timeout: TimeAmount = .seconds(1)
  ) async throws(InferenceFailure) -> InferenceConnection {
    do {
      let channel = try await ClientBootstrap(group: group)
        .connectTimeout(timeout)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(AnswerCollector())
          }
        }
        .connect(host: host, port: port)
        .get()
      return InferenceConnection(channel: channel)
    } catch {
      throw .refused("\(error)")
    }
  }

  var isOpen: Bool { channel.isActive }

  func close() {
    channel.close(promise: nil)
  }

  /// Posts JSON and waits for the whole answer. After a failure the connection is closed.
  func post(path: String, json: [UInt8], timeout: TimeAmount) async throws(InferenceFailure) -> InferenceAnswer {
    let promise = channel.eventLoop.makePromise(of: InferenceAnswer.self)
    let deadline = channel.eventLoop.scheduleTask(in: timeout) {
      promise.fail(InferenceFailure.timeout)
    }
    promise.futureResult.whenComplete { result in
      deadline.cancel()
      if case .failure = result { channel.close(promise: nil) }
    }
    let request = PendingRequest(path: path, body: ByteBuffer(bytes: json), promise: promise)
    // What could not be written was not begun: another node may have it.
    channel.writeAndFlush(request).whenFailure { promise.fail(InferenceFailure.refused("\($0)")) }
    do {
      let answer = try await promise.futureResult.get()
      if answer.status == 503 { throw InferenceFailure.refused("503") }
      return answer
    } catch let failure as InferenceFailure {
      throw failure
    } catch {
      throw .closed
    }
  }
}

private struct PendingRequest: Sendable {
  var path: String
  var body: ByteBuffer
  var promise: EventLoopPromise<InferenceAnswer>
}

/// Turns a pending request into HTTP and the parts of the response into one answer.
private final class AnswerCollector: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = PendingRequest
  typealias OutboundOut = HTTPClientRequestPart

  private var pending: EventLoopPromise<InferenceAnswer>?
  private var status = 0
  private var isLast = false
  private var body: [UInt8] = []

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let request = unwrapOutboundIn(data)
    pending = request.promise
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: request.path)
    head.headers = [
      "host": "fleet", "content-type": "application/json", "content-length": "\(request.body.readableBytes)",
    ]
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      status = Int(head.status.code)
      isLast = !head.isKeepAlive
      body = []
    case .body(let bytes):
      body += bytes.readableBytesView
    case .end:
      // A node that drains asks its clients to connect anew; a request sent to it now would meet a closed door.
      let answered = pending
      pending = nil
      if isLast { context.close(promise: nil) }
      answered?.succeed(InferenceAnswer(status: status, body: body))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    pending?.fail(InferenceFailure.closed)
    pending = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    pending?.fail(InferenceFailure.closed)
    pending = nil
    context.close(promise: nil)
  }
}
