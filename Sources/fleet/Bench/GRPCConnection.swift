import NIOCore
import NIOHPACK

/// A connection that carries many gRPC calls at a time, each the same request. It speaks HTTP/2 itself: a general client costs more
/// than the servers that are measured with it.
final class GRPCConnection: ChannelInboundHandler, BenchConnection {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Call {
    var stream: UInt32
    var since: NIODeadline
    var answer = GRPCAnswer()
    /// How much of the message is sent.
    var sent = 0
    /// What the server lets us send on this stream yet, in bytes.
    var window: Int
  }

  private static let longestFrame = 16_384
  private let makeRequest: (_ tableSize: Int) throws -> GRPCRequestBytes
  private let observer: any BenchObserver
  private var context: ChannelHandlerContext?
  private var request: GRPCRequestBytes?
  private var buffer = ByteBuffer()
  private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
  /// The header block that continues in further frames, and the flags of its first.
  private var unfinished: (head: HTTP2Frame.Head, block: ByteBuffer)?
  private var calls: [Call] = []
  private var nextStream: UInt32 = 1
  private var window = 65_535
  private var streamWindow = 65_535
  private var frameSize = 16_384
  private var received = 0
  private var output = ByteBuffer()
  private var trouble = "the connection ended before the answer"
  private var isReading = false
  /// The server takes no further calls; those it has, it may answer.
  private var isGoingAway = false

  init(observer: any BenchObserver, request: @escaping (_ tableSize: Int) throws -> GRPCRequestBytes) {
    self.observer = observer
    makeRequest = request
  }

  var isOpen: Bool { context != nil && !isGoingAway }

  func call(since: NIODeadline) {
    guard context != nil, var request, let block = try? request.nextHeaderBlock() else {
      return observer.ended(self, since: since, .lost(trouble), body: ByteBuffer())
    }
    self.request = request
    let stream = nextStream
    nextStream += 2
    HTTP2Frame.append(
      .init(
        length: block.readableBytes,
        kind: HTTP2Frame.Kind.headers,
        flags: HTTP2Frame.Flag.endHeaders,
        stream: stream
      ),
      to: &output
    )
    output.writeImmutableBuffer(block)
    calls.append(Call(stream: stream, since: since, window: streamWindow))
    pump(calls.count - 1, request.message)
    flush()
  }

  func expire(before limit: NIODeadline) {
    guard calls.contains(where: { $0.since < limit }) else { return }
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
    output.writeBytes(HTTP2Frame.preface)
    HTTP2Frame.appendSettings(
      [(HTTP2Frame.Setting.enablePush, 0), (HTTP2Frame.Setting.initialWindowSize, UInt32(HTTP2Frame.largestWindow))],
      to: &output
    )
    HTTP2Frame.appendWindowUpdate(HTTP2Frame.largestWindow - 65_535, stream: 0, to: &output)
    flush()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeBuffer(&bytes) }
    isReading = true
    do {
      while let (head, payload) = try HTTP2Frame.read(from: &buffer, longest: Self.longestFrame) {
        try handle(head, payload)
      }
    } catch {
      trouble = "\(error)"
      close()
    }
    isReading = false
    flush()
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    let lost = calls
    calls = []
    for call in lost { observer.ended(self, since: call.since, .lost(trouble), body: ByteBuffer()) }
    observer.closed(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    trouble = "\(error)"
    close()
  }

  private func handle(_ head: HTTP2Frame.Head, _ payload: ByteBuffer) throws {
    var payload = payload
    switch head.kind {
    case HTTP2Frame.Kind.settings where head.flags & HTTP2Frame.Flag.acknowledged == 0: try apply(settings: payload)
    case HTTP2Frame.Kind.windowUpdate: widen(head.stream, by: Int(payload.readInteger(as: UInt32.self) ?? 0))
    case HTTP2Frame.Kind.ping where head.flags & HTTP2Frame.Flag.acknowledged == 0:
      HTTP2Frame.append(
        .init(length: 8, kind: head.kind, flags: HTTP2Frame.Flag.acknowledged, stream: 0),
        to: &output
      )
      output.writeImmutableBuffer(payload)
    case HTTP2Frame.Kind.goAway:
      isGoingAway = true
      trouble = "the server said that it goes away"
      if calls.isEmpty { close() }
    case HTTP2Frame.Kind.reset:
      let code = payload.readInteger(as: UInt32.self) ?? 0
      // REFUSED_STREAM (RFC 9113, section 7).
      finish(
        head.stream,
        code == 7 ? .refused("the stream was refused") : .failed("the stream was reset, code \(code)")
      )
    case HTTP2Frame.Kind.data:
      acknowledge(head.length)
      guard HTTP2Frame.strip(head, &payload) else { throw BenchError("a broken DATA frame") }
      if let index = calls.firstIndex(where: { $0.stream == head.stream }) {
        calls[index].answer.body.writeImmutableBuffer(payload)
      }
      if head.flags & HTTP2Frame.Flag.endStream != 0 { finish(head.stream) }
    case HTTP2Frame.Kind.headers:
      guard HTTP2Frame.strip(head, &payload) else { throw BenchError("a broken HEADERS frame") }
      try continueHeaders(head, payload, flags: head.flags)
    case HTTP2Frame.Kind.continuation:
      guard let (first, block) = unfinished, first.stream == head.stream else {
        throw BenchError("a stray CONTINUATION")
      }
      var whole = block
      whole.writeImmutableBuffer(payload)
      try continueHeaders(first, whole, flags: head.flags)
    default: break
    }
  }

  private func continueHeaders(_ first: HTTP2Frame.Head, _ block: ByteBuffer, flags: UInt8) throws {
    guard flags & HTTP2Frame.Flag.endHeaders != 0 else {
      guard block.readableBytes < 1 << 20 else { throw BenchError("the answer's headers are endless") }
      unfinished = (first, block)
      return
    }
    unfinished = nil
    var block = block
    let headers = try decoder.decodeHeaders(from: &block)
    if let index = calls.firstIndex(where: { $0.stream == first.stream }) { calls[index].answer.read(headers) }
    if first.flags & HTTP2Frame.Flag.endStream != 0 { finish(first.stream) }
  }

  private func apply(settings payload: ByteBuffer) throws {
    var payload = payload
    var tableSize = HPACKEncoder.defaultDynamicTableSize
    while let (name, value) = payload.readMultipleIntegers(as: (UInt16, UInt32).self) {
      switch name {
      case HTTP2Frame.Setting.headerTableSize: tableSize = Int(value)
      case HTTP2Frame.Setting.maximumFrameSize: frameSize = min(max(Int(value), 16_384), 1 << 20)
      case HTTP2Frame.Setting.initialWindowSize:
        let change = Int(value) - streamWindow
        streamWindow = Int(value)
        for index in calls.indices { calls[index].window += change }
      default: break
      }
    }
    HTTP2Frame.append(
      .init(length: 0, kind: HTTP2Frame.Kind.settings, flags: HTTP2Frame.Flag.acknowledged, stream: 0),
      to: &output
    )
    guard request == nil else { return pumpAll() }
    request = try makeRequest(tableSize)
    flush()
    observer.opened(self)
  }

  private func widen(_ stream: UInt32, by increment: Int) {
    if stream == 0 {
      window += increment
    } else if let index = calls.firstIndex(where: { $0.stream == stream }) {
      calls[index].window += increment
    }
    pumpAll()
  }

  private func pumpAll() {
    guard let message = request?.message else { return }
    for index in calls.indices where calls[index].sent < message.readableBytes { pump(index, message) }
  }

  /// Sends as much of a call's message as the windows let through.
  private func pump(_ index: Int, _ message: ByteBuffer) {
    while calls[index].sent < message.readableBytes {
      let rest = message.readableBytes - calls[index].sent
      let length = min(rest, frameSize, window, calls[index].window)
      guard length > 0, let part = message.getSlice(at: message.readerIndex + calls[index].sent, length: length) else {
        return
      }
      HTTP2Frame.append(
        .init(
          length: length,
          kind: HTTP2Frame.Kind.data,
          flags: length == rest ? HTTP2Frame.Flag.endStream : 0,
          stream: calls[index].stream
        ),
        to: &output
      )
      output.writeImmutableBuffer(part)
      calls[index].sent += length
      calls[index].window -= length
      window -= length
    }
  }

  /// Gives the connection's window back before the server runs out of it. A stream's is larger than any answer.
  private func acknowledge(_ length: Int) {
    received += length
    guard received > 1 << 24 else { return }
    HTTP2Frame.appendWindowUpdate(received, stream: 0, to: &output)
    received = 0
  }

  private func finish(_ stream: UInt32, _ outcome: CallOutcome? = nil) {
    guard let index = calls.firstIndex(where: { $0.stream == stream }) else { return }
    let call = calls.remove(at: index)
    observer.ended(self, since: call.since, outcome ?? call.answer.outcome, body: call.answer.body)
    if isGoingAway, calls.isEmpty { close() }
  }

  /// Writes what is there; calls that answers caused go out together at the end of a read.
  private func flush() {
    guard !isReading, output.readableBytes > 0, let context else { return }
    let bytes = output
    output = ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
  }
}
