import NIOCore
import NIOHPACK
import NIOHTTP2

/// One client's connection, behind the handler that knows HTTP/2's frames and states. Calls are told apart by their stream's
/// number here, without a channel for each: that would cost more than everything else together.
final class GRPCConnection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  let responder: any GRPCResponder
  let limits: HTTPLimits
  let grpcLimits: GRPCLimits
  let census: ConnectionCensus
  /// Nil before the connection is there, and after.
  var context: ChannelHandlerContext?
  var client: SocketAddress?
  var streams: [HTTP2StreamID: GRPCStream] = [:]
  var watchers: [HTTP2StreamID: HealthWatch] = [:]
  var lastStream = HTTP2StreamID.rootStream
  var now = NIODeadline.now()
  var lastActivity = NIODeadline.now()
  var lastUnsent = 0
  /// When the client last allowed more to be sent to it.
  var lastGrant = NIODeadline.now()
  var hasSpoken = false
  var flushIsDue = false
  var flushIsScheduled = false
  /// Takes no new call: the client was told, and the connection goes with its last call.
  var isStopping = false
  var isEnding = false
  var check: Scheduled<Void>?
  var healthCheck: Scheduled<Void>?

  init(responder: any GRPCResponder, limits: HTTPLimits, grpcLimits: GRPCLimits, census: ConnectionCensus) {
    self.responder = responder
    self.limits = limits
    self.grpcLimits = grpcLimits
    self.census = census
  }

  // MARK: The connection's life

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    client = context.remoteAddress
    census.joined(context.channel, self)
    widen(.rootStream, by: grpcLimits.connectionWindow - 65_535, context)
    flush(context)
    scheduleCheck(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isEnding = true
    check?.cancel()
    healthCheck?.cancel()
    for id in streams.keys { forget(id) }
    self.context = nil
    census.left(context.channel)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    if !flushIsDue { now = .now() }
    lastActivity = now
    hasSpoken = true
    switch frame.payload {
    case .headers(let content): receive(content, on: frame.streamID, context)
    case .data(let content): receive(content, on: frame.streamID, context)
    case .rstStream: forget(frame.streamID)
    case .windowUpdate where frame.streamID == .rootStream: lastGrant = now
    default: break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    flush(context)
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A stream's error concerns that stream alone: it was reset. Anything else has ended the connection; the client was told why.
    if error is NIOHTTP2Errors.StreamError { return }
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case let event as NIOHTTP2WindowUpdatedEvent: windowChanged(event, context)
    case let event as StreamClosedEvent: forget(event.streamID)
    case is ConnectionCensus.Stop: stop(context)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  // MARK: Reading

  func receive(
    _ headers: HTTP2Frame.FramePayload.Headers,
    on id: HTTP2StreamID,
    _ context: ChannelHandlerContext
  ) {
    guard streams[id] == nil else {
      // Trailers: nothing but the end.
      streams[id]?.inputEnded()
      return advance(id, context)
    }
    guard id > lastStream else { return }
    lastStream = id
    let head: GRPCRequestHead
    do throws(GRPCRequestHead.Refusal) {
      head = try GRPCRequestHead(headers.headers, now: now)
    } catch {
      let list: HPACKHeaders
      switch error {
      case .http(let status): list = GRPCHeaders.refusal(httpStatus: status)
      case .grpc(let status): list = GRPCHeaders.only(status)
      }
      writeHeaders(list, isLast: true, on: id, context)
      if !headers.endStream { reset(id, .noError, context) }
      return
    }
    var stream = GRPCStream(head: head, maximumLength: limits.bodyBytes, now: now, client: client)
    if headers.endStream { stream.inputEnded() }
    streams[id] = stream
    if headers.endStream { advance(id, context) }
  }

  func receive(_ data: HTTP2Frame.FramePayload.Data, on id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    guard case .byteBuffer(let bytes) = data.data, streams[id] != nil else { return }
    streams[id]?.lastProgress = now
    do throws(GRPCStatus) {
      try streams[id]?.received(bytes, isLast: data.endStream)
      try hold(id)
    } catch {
      return finish(id, error, context)
    }
    advance(id, context)
  }

  /// Has what has come of the call answered, as far as that may be now.
  func advance(_ id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    do throws(GRPCStatus) {
      while let request = try streams[id]?.nextRequest(now: now) {
        guard let head = streams[id]?.head else { return }
        if head.method == .healthWatch {
          watch(id, request.message, context)
        } else {
          answer(request, head, on: id, context)
        }
      }
      if let status = streams[id]?.ending(), watchers[id] == nil { finish(id, status, context) }
      if let stream = streams[id], stream.endsWhenQuiet, stream.isQuiet { finish(id, Self.drained, context) }
    } catch {
      finish(id, error, context)
    }
    credit(id, context)
  }

  func answer(
    _ request: GRPCStream.Request,
    _ head: GRPCRequestHead,
    on id: HTTP2StreamID,
    _ context: ChannelHandlerContext
  ) {
    if let deadline = head.deadline, deadline <= now {
      let late = GRPCStatus(.deadlineExceeded, "the request came after its deadline")
      return answered(request.sequence, GRPCAnswer(late), on: id, context)
    }
    let call = GRPCCall(
      method: head.method,
      message: request.message,
      context: request.context,
      census: census,
      handedOffBy: head.handedOffBy
    )
    let eventual: Eventual<GRPCAnswer>
    if request.isCompressed, let encoding = head.encoding {
      eventual = GRPCCompression(encoding: encoding, responder: responder).respond(to: call, on: context.eventLoop)
    } else {
      eventual = responder.respond(to: call, on: context.eventLoop)
    }
    switch eventual {
    case .now(let answer): answered(request.sequence, answer, on: id, context)
    case .later(let future):
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      future.assumeIsolated().whenComplete { [self] result in
        now = .now()
        let stopping = GRPCAnswer(GRPCStatus(.unavailable, "the engine is stopping"))
        answered(request.sequence, (try? result.get()) ?? stopping, on: id, context.value)
        advance(id, context.value)
        scheduleFlush(context.value)
      }
    }
  }
}
