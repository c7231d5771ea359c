import NIOCore
import NIOHPACK
import NIOHTTP2

/// What goes out, and what the client may send for it.
extension GRPCConnection {
  func answered(_ sequence: Int, _ answer: GRPCAnswer, on id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    answer.ticket?.answered(isError: answer.countsAsError)
    guard var stream = streams[id] else { return }
    if stream.sending == nil || stream.unsent == 0 { stream.sending = unsent(sequence, answer, of: stream) }
    let ready = stream.answered(sequence, answer)
    stream.lastProgress = now
    streams[id] = stream
    for answer in ready { write(answer, on: id, context) }
    try? hold(id)
  }

  func write(_ answer: GRPCAnswer, on id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    guard answer.status == .ok, let message = answer.message else { return finish(id, answer.status, context) }
    begin(id, context)
    let size = message.framed.readableBytes
    streams[id]?.sending(size)
    guard streams[id]?.head.method.form != .unary else {
      writeData(message.framed, on: id, promise: nil, context)
      return finish(id, .ok, context)
    }
    // A client that does not read its answers must not have us keep more and more of them.
    let sent = context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    sent.futureResult.assumeIsolated().whenSuccess { [self] in
      guard streams[id] != nil else { return }
      streams[id]?.sent(size)
      streams[id]?.lastProgress = .now()
      try? hold(id)
      if let stream = streams[id], stream.isFinished, stream.unsent == 0, !stream.isInputOver {
        reset(id, .noError, bound.value)
      }
      advance(id, bound.value)
      scheduleFlush(bound.value)
    }
    writeData(message.framed, on: id, promise: sent, context)
  }

  func begin(_ id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    guard let stream = streams[id], !stream.hasBegun else { return }
    streams[id]?.hasBegun = true
    writeHeaders(GRPCHeaders.begin(stream.head.encoding), isLast: false, on: id, context)
  }

  /// Ends the call with `status`. The stream is kept until that is out, which may wait for the client to read.
  func finish(_ id: HTTP2StreamID, _ status: GRPCStatus, _ context: ChannelHandlerContext) {
    guard let stream = streams[id], !stream.isFinished else { return }
    stream.cancel()
    streams[id]?.finish()
    watchers[id] = nil
    let list = stream.hasBegun ? GRPCHeaders.end(status) : GRPCHeaders.only(status)
    writeHeaders(list, isLast: true, on: id, context)
    // A client that has not said all need not go on. What is written and waits for its window would go with the stream.
    if !stream.isInputOver, stream.unsent == 0 { reset(id, .noError, context) }
  }

  func writeHeaders(
    _ headers: HPACKHeaders,
    isLast: Bool,
    on id: HTTP2StreamID,
    _ context: ChannelHandlerContext
  ) {
    write(.headers(.init(headers: headers, endStream: isLast)), on: id, promise: nil, context)
  }

  func writeData(
    _ bytes: ByteBuffer,
    on id: HTTP2StreamID,
    promise: EventLoopPromise<Void>?,
    _ context: ChannelHandlerContext
  ) {
    write(.data(.init(data: .byteBuffer(bytes), endStream: false)), on: id, promise: promise, context)
  }

  func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode, _ context: ChannelHandlerContext) {
    write(.rstStream(code), on: id, promise: nil, context)
  }

  func write(
    _ payload: HTTP2Frame.FramePayload,
    on id: HTTP2StreamID,
    promise: EventLoopPromise<Void>?,
    _ context: ChannelHandlerContext
  ) {
    flushIsDue = true
    context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
  }

  func flush(_ context: ChannelHandlerContext) {
    if flushIsDue {
      flushIsDue = false
      context.flush()
    }
    endWhenDone(context)
  }

  /// Answers that come together go out together.
  func scheduleFlush(_ context: ChannelHandlerContext) {
    guard flushIsDue, !flushIsScheduled else { return }
    flushIsScheduled = true
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.eventLoop.assumeIsolated().execute { [self] in
      flushIsScheduled = false
      flush(context.value)
    }
  }

  // MARK: Memory and windows
  /// Tells the census what the call holds now. Throws when all connections together hold too much.
  func hold(_ id: HTTP2StreamID) throws(GRPCStatus) {
    guard let more = streams[id]?.heldChange(), more != 0 else { return }
    let all = census.held(more)
    guard more < 0 || all <= limits.totalBodyBytes else {
      throw GRPCStatus(.unavailable, "too many requests are on their way here at once")
    }
  }

  func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent, _ context: ChannelHandlerContext) {
    guard let window = event.inboundWindowSize else { return }
    if event.streamID == .rootStream {
      guard window < grpcLimits.connectionWindow / 2 else { return }
      widen(.rootStream, by: grpcLimits.connectionWindow - window, context)
    } else {
      streams[event.streamID]?.inboundWindow = window
      streams[event.streamID]?.lastProgress = now
      credit(event.streamID, context)
    }
  }

  /// Lets the client send on, unless what it has sent waits for its answers to be read.
  func credit(_ id: HTTP2StreamID, _ context: ChannelHandlerContext) {
    guard let stream = streams[id], let window = stream.inboundWindow, stream.takesMore,
      window < grpcLimits.streamWindow / 2
    else { return }
    streams[id]?.inboundWindow = nil
    widen(id, by: grpcLimits.streamWindow - window, context)
  }

  func widen(_ id: HTTP2StreamID, by bytes: Int, _ context: ChannelHandlerContext) {
    guard bytes > 0 else { return }
    write(.windowUpdate(windowSizeIncrement: bytes), on: id, promise: nil, context)
  }

  func forget(_ id: HTTP2StreamID) {
    watchers[id] = nil
    guard let stream = streams.removeValue(forKey: id) else { return }
    stream.cancel()
    if stream.toldBytes > 0 { census.held(-stream.toldBytes) }
  }
}
