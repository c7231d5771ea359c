import NIOCore
import NIOHTTP1

/// One client's connection: collects requests, has them answered one after the other in their order, writes the answers.
///
/// Nothing more is read while an answer is awaited or not yet taken, so a client cannot pile up more than one read buffer of
/// requests, or answers that it does not read.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = ByteBuffer

  /// What waits for its turn to be answered.
  private enum Pending {
    case request(HTTPRequest, keepsAlive: Bool, isHTTP10: Bool)
    /// The end of the connection: nothing after it is read.
    case refusal(status: Int, message: String)
  }

  private struct Incoming {
    var head: HTTPRequestHead
    var body: ByteBuffer
    var since: NIODeadline
  }

  private let responder: any HTTPResponder
  private let limits: HTTPLimits
  private let census: ConnectionCensus
  private var incoming: Incoming?
  private var pending = CircularBuffer<Pending>(initialCapacity: 2)
  private var isAnswering = false
  private var isPumping = false
  private var holdsRead = false
  /// No request is taken any more: the last answer was decided on.
  private var isClosing = false
  private var isStopping = false
  private var lastProgress = NIODeadline.now()
  private var watch: Scheduled<Void>?

  init(responder: any HTTPResponder, limits: HTTPLimits, census: ConnectionCensus) {
    self.responder = responder
    self.limits = limits
    self.census = census
  }

  func channelActive(context: ChannelHandlerContext) {
    census.joined(context.channel)
    scheduleWatch(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    pending.removeAll()
    incoming = nil
    watch?.cancel()
    census.left(context.channel)
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    lastProgress = .now()
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context)
    case .body(let bytes): extend(with: bytes, context)
    case .end: end(context)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if isAnswering || !pending.isEmpty || !context.channel.isWritable { holdsRead = true } else { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    lastProgress = .now()
    resumeReading(context)
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else {
      context.close(promise: nil)
      return
    }
    if case .headerOverflow = error as? HTTPParserError {
      refuse(431, "the request's head is longer than \(limits.headBytes) bytes", context)
    } else {
      refuse(400, "not an HTTP/1.1 request: \(error)", context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ConnectionCensus.Stop else { return context.fireUserInboundEventTriggered(event) }
    isStopping = true
    // A request may be on its way at this moment: it gets its answer, and with it the end of the connection.
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.eventLoop.assumeIsolated().scheduleTask(in: limits.stopGrace) { [self] in
      if !isAnswering, pending.isEmpty, incoming == nil, !isClosing { context.value.close(promise: nil) }
    }
  }

  // MARK: Reading

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    if let text = head.headers.first(name: "content-length") {
      guard let length = Int(text), length <= limits.bodyBytes else { return refuseBody(context) }
    }
    incoming = Incoming(head: head, body: ByteBuffer(), since: .now())
    if head.headers.first(name: "expect")?.lowercased() == "100-continue", !isAnswering {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  private func extend(with bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    guard let count = incoming?.body.readableBytes else { return }
    guard count + bytes.readableBytes <= limits.bodyBytes else { return refuseBody(context) }
    // A body that came in one piece is kept as it is, without a copy.
    if count == 0 { incoming?.body = bytes } else { incoming?.body.writeImmutableBuffer(bytes) }
  }

  private func end(_ context: ChannelHandlerContext) {
    guard let complete = incoming else { return }
    incoming = nil
    let head = complete.head
    let request = HTTPRequest(
      method: head.method,
      uri: head.uri,
      headers: head.headers,
      body: complete.body,
      received: lastProgress
    )
    // Another protocol is not spoken here, and after such a request the decoder stops.
    let wantsOther = head.method == .CONNECT || head.headers.contains(name: "upgrade")
    pending.append(
      .request(request, keepsAlive: head.isKeepAlive && !wantsOther, isHTTP10: head.version == .http1_0)
    )
    pump(context)
  }

  private func refuseBody(_ context: ChannelHandlerContext) {
    refuse(413, "the body is longer than \(limits.bodyBytes) bytes", context)
  }

  private func refuse(_ status: Int, _ message: String, _ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    incoming = nil
    isClosing = true
    pending.append(.refusal(status: status, message: message))
    pump(context)
  }

  // MARK: Answering

  private func pump(_ context: ChannelHandlerContext) {
    // Answers that are there at once would otherwise nest as deep as a client pipelines.
    guard !isPumping else { return }
    isPumping = true
    while !isAnswering, let next = pending.popFirst() {
      isAnswering = true
      switch next {
      case .refusal(let status, let message):
        write(responder.refusal(status: status, message), keepsAlive: false, context: context)
      case .request(let request, let keepsAlive, let isHTTP10):
        answer(request, keepsAlive: keepsAlive, isHTTP10: isHTTP10, context)
      }
    }
    isPumping = false
    resumeReading(context)
  }

  private func resumeReading(_ context: ChannelHandlerContext) {
    guard holdsRead, !isAnswering, pending.isEmpty, context.channel.isWritable else { return }
    holdsRead = false
    context.read()
  }

  private func answer(_ request: HTTPRequest, keepsAlive: Bool, isHTTP10: Bool, _ context: ChannelHandlerContext) {
    let isHead = request.method == .HEAD
    switch responder.respond(to: request, on: context.eventLoop) {
    case .now(let response):
      write(response, keepsAlive: keepsAlive, saysKeepAlive: isHTTP10, hasBody: !isHead, context: context)
    case .later(let future):
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      future.assumeIsolated().whenComplete { [self] result in
        let response: HTTPResponse
        switch result {
        case .success(let value): response = value
        case .failure: response = responder.refusal(status: 503, "the engine is stopping")
        }
        write(response, keepsAlive: keepsAlive, saysKeepAlive: isHTTP10, hasBody: !isHead, context: context.value)
        context.value.flush()
        // What the client has pipelined may be answered at once, outside of any read that would flush it.
        pump(context.value)
        context.value.flush()
      }
    }
  }

  private func write(
    _ response: HTTPResponse,
    keepsAlive asked: Bool,
    saysKeepAlive: Bool = false,
    hasBody: Bool = true,
    context: ChannelHandlerContext
  ) {
    isAnswering = false
    response.ticket?.answered(isError: response.status >= 500)
    guard context.channel.isActive else { return }
    // A client that already sent its next request is not told to go: that request would be lost to it.
    let wantsClose = response.closesConnection && pending.isEmpty && incoming == nil
    let keepsAlive = asked && !wantsClose && !isStopping
    let bytes = HTTPResponseBytes.encode(
      response,
      keepsAlive: keepsAlive,
      saysKeepAlive: saysKeepAlive,
      hasBody: hasBody,
      allocator: context.channel.allocator
    )
    context.write(wrapOutboundOut(bytes.head), promise: nil)
    if let body = bytes.body { context.write(wrapOutboundOut(body), promise: nil) }
    if !keepsAlive { linger(context) }
  }

  // MARK: Ending

  /// Ends our side of the connection, then waits a little for the client to end its own.
  private func linger(_ context: ChannelHandlerContext) {
    isClosing = true
    pending.removeAll()
    context.flush()
    context.close(mode: .output, promise: nil)
    watch?.cancel()
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    watch = context.value.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) {
      context.value.close(promise: nil)
    }
    if holdsRead {
      holdsRead = false
      context.value.read()
    }
  }

  private func scheduleWatch(_ context: ChannelHandlerContext) {
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    let interval = min(limits.stall, limits.idle)
    watch = context.value.eventLoop.assumeIsolated().scheduleTask(in: interval) { [self] in
      guard !isClosing else { return }
      if checkProgress(context.value) { scheduleWatch(context.value) }
    }
  }

  /// Cuts off a client that is too slow; false when it did.
  private func checkProgress(_ context: ChannelHandlerContext) -> Bool {
    let now = NIODeadline.now()
    if isAnswering { return true }
    if let incoming {
      guard now - lastProgress >= limits.stall || now - incoming.since >= limits.arrival else { return true }
      refuse(408, "the request did not arrive in time", context)
      context.flush()
      return false
    }
    let limit = context.channel.isWritable ? limits.idle : limits.stall
    guard now - lastProgress >= limit else { return true }
    context.close(promise: nil)
    return false
  }
}
