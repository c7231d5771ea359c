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
  enum Pending {
    case request(HTTPRequest, keepsAlive: Bool, isHTTP10: Bool)
    /// The end of the connection: nothing after it is read.
    case refusal(status: Int, message: String)
  }

  struct Incoming {
    var head: HTTPRequestHead
    /// Length of the body as announced; nil when it comes in chunks.
    var length: Int?
    var body: ByteBuffer
    var since: NIODeadline
  }

  /// Room made for a body before it comes: one that announces more gets it when that is there.
  private static let largestReservation = 4 << 20
  /// So many requests of a client that pipelines are answered in a row; then others have their turn.
  private static let longestBurst = 16

  let responder: any HTTPResponder
  let limits: HTTPLimits
  let census: ConnectionCensus
  var incoming: Incoming?
  var pending = CircularBuffer<Pending>(initialCapacity: 2)
  var isAnswering = false
  private var isPumping = false
  /// Answers since others had their turn on this event loop.
  private var burst = 0
  private var isYielding = false
  var holdsRead = false
  /// No request is taken any more: the last answer was decided on.
  var isClosing = false
  private var isStopping = false
  /// The client has ended its side; it may well await answers still.
  private(set) var isInputOver = false
  /// Our last byte is out.
  var isLingering = false
  var lastProgress = NIODeadline.now()
  /// What was written and not yet sent when that was last looked at.
  var lastUnsent = 0
  /// Bytes of bodies that this connection holds, as told to the census: all, and those of the request being answered.
  var heldBytes = 0
  private var answeringBytes = 0
  var watch: Scheduled<Void>?
  /// One whose answer takes longer than a moment.
  var answering: HTTPRequest?
  /// Whose answer the client is slow to take.
  var sending: Unsent?
  /// Nil before the connection is there, and after.
  var context: ChannelHandlerContext?
  var client: SocketAddress?
  /// Whether the client knows interim answers and was not sent one to see whether it is there.
  private var canProbe = true

  init(responder: any HTTPResponder, limits: HTTPLimits, census: ConnectionCensus) {
    self.responder = responder
    self.limits = limits
    self.census = census
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    client = context.remoteAddress
    census.joined(context.channel, self)
    scheduleWatch(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    pending.removeAll()
    incoming = nil
    // A request that is being answered keeps its body until it is.
    release(heldBytes - answeringBytes)
    answering?.context.cancel()
    watch?.cancel()
    self.context = nil
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
    if !isYielding { burst = 0 }
    context.flush()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if isAnswering || !pending.isEmpty || !context.channel.isWritable { holdsRead = true } else { context.read() }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    lastProgress = .now()
    if context.channel.isWritable { sending = nil }
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
    switch event {
    case is ConnectionCensus.Stop: stop(context)
    case ChannelEvent.inputClosed:
      isInputOver = true
      forgetIncoming()
      probe(context)
      endWhenIdle(context)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// Finds out whether a client that has ended its side is still there: one that closed its socket answers anything that we send
  /// with a reset, and its request need not be computed. To others an interim answer means nothing (RFC 9110, 15.2).
  private func probe(_ context: ChannelHandlerContext) {
    guard isInputOver, isAnswering, canProbe else { return }
    canProbe = false
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
  }

  private func stop(_ context: ChannelHandlerContext) {
    isStopping = true
    // A request may be on its way at this moment: it gets its answer, and with it the end of the connection.
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.eventLoop.assumeIsolated().scheduleTask(in: limits.stopGrace) { [self] in
      endWhenIdle(context.value)
    }
  }

  // MARK: Reading

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var announced: Int?
    if let text = head.headers.first(name: "content-length") {
      guard let length = Int(text), length <= limits.bodyBytes else { return refuseBody(context) }
      guard census.bodyBytes + length <= limits.totalBodyBytes else { return refuseForMemory(context) }
      announced = length
    }
    incoming = Incoming(head: head, length: announced, body: ByteBuffer(), since: .now())
    if head.headers.first(name: "expect")?.lowercased() == "100-continue", !isAnswering {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  private func extend(with bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    guard let count = incoming?.body.readableBytes else { return }
    guard count + bytes.readableBytes <= limits.bodyBytes else { return refuseBody(context) }
    // A body that came in one piece is kept as it is, without a copy.
    let announced = incoming?.length ?? 0
    if count == 0, announced <= bytes.readableBytes {
      incoming?.body = bytes
    } else {
      if count == 0 { incoming?.body = ByteBuffer(endingAligned: min(announced, Self.largestReservation)) }
      incoming?.body.writeImmutableBuffer(bytes)
    }
    heldBytes += bytes.readableBytes
    guard census.held(bytes.readableBytes) <= limits.totalBodyBytes else { return refuseForMemory(context) }
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
      context: CallContext(received: lastProgress, client: client),
      census: census
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

  private func refuseForMemory(_ context: ChannelHandlerContext) {
    refuse(503, "too many requests are on their way here at once", context)
  }

  func refuse(_ status: Int, _ message: String, _ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    forgetIncoming()
    isClosing = true
    pending.append(.refusal(status: status, message: message))
    pump(context)
  }

  // MARK: Answering

  private func pump(_ context: ChannelHandlerContext) {
    // Answers that are there at once would otherwise nest as deep as a client pipelines.
    guard !isPumping, !isYielding else { return }
    isPumping = true
    while !isAnswering, !pending.isEmpty {
      guard burst < Self.longestBurst else {
        yield(context)
        break
      }
      isAnswering = true
      burst += 1
      switch pending.removeFirst() {
      case .refusal(let status, let message):
        write(responder.refusal(status: status, message), keepsAlive: false, context: context)
      case .request(let request, let keepsAlive, let isHTTP10):
        answer(request, keepsAlive: keepsAlive, isHTTP10: isHTTP10, context)
      }
    }
    isPumping = false
    resumeReading(context)
  }

  /// Lets the event loop turn to other connections before the next answer.
  private func yield(_ context: ChannelHandlerContext) {
    isYielding = true
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.eventLoop.assumeIsolated().execute { [self] in
      isYielding = false
      burst = 0
      pump(context.value)
      context.value.flush()
    }
  }

  private func resumeReading(_ context: ChannelHandlerContext) {
    guard holdsRead, !isAnswering, pending.isEmpty, context.channel.isWritable else { return }
    holdsRead = false
    context.read()
  }

  private func answer(_ request: HTTPRequest, keepsAlive: Bool, isHTTP10: Bool, _ context: ChannelHandlerContext) {
    let isHead = request.method == .HEAD
    answeringBytes = request.body.readableBytes
    if isHTTP10 { canProbe = false }
    switch responder.respond(to: request, on: context.eventLoop) {
    case .now(let response):
      write(response, to: request, keepsAlive: keepsAlive, saysKeepAlive: isHTTP10, hasBody: !isHead, context: context)
    case .later(let future):
      answering = request
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      future.assumeIsolated().whenComplete { [self] result in
        let response: HTTPResponse
        switch result {
        case .success(let value): response = value
        case .failure: response = responder.refusal(status: 503, "the engine is stopping")
        }
        write(
          response,
          to: answering,
          keepsAlive: keepsAlive,
          saysKeepAlive: isHTTP10,
          hasBody: !isHead,
          context: context.value
        )
        context.value.flush()
        // What the client has pipelined may be answered at once, outside of any read that would flush it.
        pump(context.value)
        context.value.flush()
      }
      probe(context.value)
    }
  }

  private func write(
    _ response: HTTPResponse,
    to request: HTTPRequest? = nil,
    keepsAlive asked: Bool,
    saysKeepAlive: Bool = false,
    hasBody: Bool = true,
    context: ChannelHandlerContext
  ) {
    isAnswering = false
    answering = nil
    release(answeringBytes)
    answeringBytes = 0
    response.ticket?.answered(isError: response.status >= 500)
    guard context.channel.isActive else { return }
    lastProgress = .now()
    // A client that already sent its next request is not told to go: that request would be lost to it.
    let wantsClose = response.closesConnection && pending.isEmpty && incoming == nil
    let isLast = isInputOver && pending.isEmpty
    let keepsAlive = asked && !wantsClose && !isStopping && !isLast
    let bytes = HTTPResponseBytes.encode(
      response,
      keepsAlive: keepsAlive,
      saysKeepAlive: saysKeepAlive,
      hasBody: hasBody,
      allocator: context.channel.allocator
    )
    let sent = keepsAlive ? nil : context.eventLoop.makePromise(of: Void.self)
    context.write(wrapOutboundOut(bytes.head), promise: bytes.body == nil ? sent : nil)
    if let body = bytes.body { context.write(wrapOutboundOut(body), promise: sent) }
    if let request, sending == nil, !context.channel.isWritable { sending = Unsent(of: request, by: responder) }
    if let sent { end(after: sent.futureResult, context) }
  }
}
