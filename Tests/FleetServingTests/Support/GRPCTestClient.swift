import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import SwiftProtobuf

/// One HTTP/2 connection to an engine, of a client that says what a test wants.
final class GRPCTestClient: Sendable {
  /// What came of a call.
  struct Reply: Sendable {
    var headers = HPACKHeaders()
    var trailers = HPACKHeaders()
    var messages: [ByteBuffer] = []
    /// What each message begins with: 1 when it is compressed.
    var flags: [UInt8] = []
    /// The code of a reset, when the stream ended so.
    var reset: Int?
    var isClosed = false
    var isEnded = false

    var status: Int? { (trailers.first(name: "grpc-status") ?? headers.first(name: "grpc-status")).flatMap { Int($0) } }
    var message: String {
      let text = trailers.first(name: "grpc-message") ?? headers.first(name: "grpc-message") ?? ""
      return text.removingPercentEncoding ?? text
    }
    var httpStatus: String? { headers.first(name: ":status") }

    func decoded<Message: SwiftProtobuf.Message>(_ index: Int = 0) throws -> Message {
      guard messages.indices.contains(index) else {
        throw TestFailure("no message \(index); status \(status ?? -1): \(message)")
      }
      return try Message(serializedBytes: Array(messages[index].readableBytesView))
    }
  }

  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  private let channel: any Channel
  private let handler: NIOLoopBound<GRPCTestHandler>

  private init(channel: any Channel, handler: NIOLoopBound<GRPCTestHandler>) {
    self.channel = channel
    self.handler = handler
  }

  /// A client that is not `reading` grants nothing beyond what a connection begins with.
  static func connect(_ port: UInt16, window: Int = 65_535, isReading: Bool = true) async throws -> GRPCTestClient {
    let made = group.next().makePromise(of: NIOLoopBound<GRPCTestHandler>.self)
    let channel = try await ClientBootstrap(group: group)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let settings = [
            HTTP2Setting(parameter: .initialWindowSize, value: window), HTTP2Setting(parameter: .enablePush, value: 0),
          ]
          let handler = GRPCTestHandler(isReading: isReading)
          // A test's client may do what a good one must not.
          let http2 = NIOHTTP2Handler(mode: .client, initialSettings: settings, headerBlockValidation: .disabled)
          try channel.pipeline.syncOperations.addHandlers([http2, handler])
          made.succeed(NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
      }
      .connect(host: "127.0.0.1", port: Int(port))
      .get()
    return GRPCTestClient(channel: channel, handler: try await made.futureResult.get())
  }

  func close() async {
    try? await channel.close()
  }

  var isOpen: Bool { channel.isActive }

  /// The code of the server's GOAWAY; nil while there is none.
  func goAway() async throws -> Int? {
    try await onLoop { $0.goAway }
  }

  static func framed(_ message: ByteBuffer) -> ByteBuffer {
    var framed = ByteBuffer()
    framed.writeInteger(UInt8(0))
    framed.writeInteger(UInt32(message.readableBytes))
    framed.writeImmutableBuffer(message)
    return framed
  }

  static func headers(_ path: String, _ more: [(String, String)] = []) -> HPACKHeaders {
    HPACKHeaders(
      [
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"), ("te", "trailers"),
        ("content-type", "application/grpc"),
      ] + more
    )
  }

  /// Begins a call; answers its stream.
  func begin(_ path: String, _ more: [(String, String)] = [], isLast: Bool = false) async throws -> HTTP2StreamID {
    try await begin(Self.headers(path, more), isLast: isLast)
  }

  func begin(_ headers: HPACKHeaders, isLast: Bool = false) async throws -> HTTP2StreamID {
    try await onLoop { handler in
      let id = handler.newStream()
      handler.write(id, .headers(.init(headers: headers, endStream: isLast)))
      return id
    }
  }

  func send(_ id: HTTP2StreamID, _ bytes: ByteBuffer, isLast: Bool = false) async throws {
    try await onLoop { $0.write(id, .data(.init(data: .byteBuffer(bytes), endStream: isLast))) }
  }

  func write(_ id: HTTP2StreamID, _ payload: HTTP2Frame.FramePayload) async throws {
    try await onLoop { $0.write(id, payload) }
  }

  /// What has come so far.
  func current(_ id: HTTP2StreamID) async throws -> Reply {
    try await onLoop { $0.replies[id] ?? Reply() }
  }

  /// Waits until the call has ended.
  func reply(_ id: HTTP2StreamID) async throws -> Reply {
    try await reply(id) { $0.isEnded || $0.reset != nil || $0.isClosed }
  }

  func reply(_ id: HTTP2StreamID, until isEnough: (Reply) -> Bool) async throws -> Reply {
    let end = Date().addingTimeInterval(20)
    while Date() < end {
      let reply = try await current(id)
      if isEnough(reply) { return reply }
      try await Task.sleep(for: .milliseconds(1))
    }
    throw TestFailure("the call did not end: \(try await current(id))")
  }

  /// One message there, and what comes back.
  func call(_ path: String, _ message: ByteBuffer, _ more: [(String, String)] = []) async throws -> Reply {
    let id = try await begin(path, more)
    try await send(id, Self.framed(message), isLast: true)
    return try await reply(id)
  }

  func call(_ method: String, _ message: some SwiftProtobuf.Message, _ more: [(String, String)] = []) async throws
    -> Reply
  {
    try await call("/inference.GRPCInferenceService/\(method)", try Self.bytes(message), more)
  }

  static func bytes(_ message: some SwiftProtobuf.Message) throws -> ByteBuffer {
    ByteBuffer(bytes: try message.serializedBytes() as [UInt8])
  }

  private func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (GRPCTestHandler) throws -> Value
  ) async throws -> Value {
    try await channel.eventLoop.submit { [handler] in try body(handler.value) }.get()
  }
}

/// Keeps what comes, by stream.
final class GRPCTestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let isReading: Bool
  private var next = 1
  private var context: ChannelHandlerContext?
  private var partial: [HTTP2StreamID: ByteBuffer] = [:]
  var replies: [HTTP2StreamID: GRPCTestClient.Reply] = [:]
  var goAway: Int?

  init(isReading: Bool) {
    self.isReading = isReading
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func newStream() -> HTTP2StreamID {
    defer { next += 2 }
    replies[HTTP2StreamID(next)] = GRPCTestClient.Reply(isClosed: context == nil)
    return HTTP2StreamID(next)
  }

  func write(_ id: HTTP2StreamID, _ payload: HTTP2Frame.FramePayload) {
    context?.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    let id = frame.streamID
    switch frame.payload {
    case .headers(let headers):
      if replies[id]?.headers.isEmpty == true {
        replies[id]?.headers = headers.headers
      } else {
        replies[id]?.trailers = headers.headers
      }
      if headers.endStream { replies[id]?.isEnded = true }
    case .data(let content):
      guard case .byteBuffer(let bytes) = content.data else { return }
      partial[id, default: ByteBuffer()].writeImmutableBuffer(bytes)
      takeMessages(id)
      guard isReading, bytes.readableBytes > 0 else { return }
      write(.rootStream, .windowUpdate(windowSizeIncrement: bytes.readableBytes))
      if !content.endStream { write(id, .windowUpdate(windowSizeIncrement: bytes.readableBytes)) }
    case .rstStream(let code): replies[id]?.reset = code.networkCode
    case .goAway(_, let code, _): goAway = code.networkCode
    default: break
    }
  }

  private func takeMessages(_ id: HTTP2StreamID) {
    guard var bytes = partial[id] else { return }
    while let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self),
      bytes.readableBytes >= Int(length) + 5
    {
      replies[id]?.flags.append(bytes.readInteger() ?? 0)
      bytes.moveReaderIndex(forwardBy: 4)
      if let message = bytes.readSlice(length: Int(length)) { replies[id]?.messages.append(message) }
    }
    partial[id] = bytes
  }

  func channelInactive(context: ChannelHandlerContext) {
    for id in replies.keys { replies[id]?.isClosed = true }
    self.context = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
