import NIOCore

/// Answers made shorter for clients that ask for it.
enum BodyCompression {
  /// Shorter bodies fit into one packet as they are.
  static let shortest = 1 << 10
  /// Longer ones are compressed by another thread than an event loop's: some 10 ns a byte.
  static let longestInline = 64 << 10

  /// `original` with its body compressed; as it is when that would not make it shorter.
  static func compress(_ original: HTTPResponse, _ encoding: ContentEncoding) -> HTTPResponse {
    var response = original
    response.isEncodingSettled = true
    guard let body = compress(response.body, encoding) else { return response }
    response.body = body
    response.fields += [("Content-Encoding", encoding.rawValue), ("Vary", "Accept-Encoding")]
    return response
  }

  /// Nil when that would not be shorter.
  static func compress(_ body: ByteBuffer, _ encoding: ContentEncoding) -> ByteBuffer? {
    guard let stream = ZlibStream(deflatingTo: encoding == .gzip ? .gzip : .zlib) else { return nil }
    var input = body
    // A twentieth is the least gain that is worth the client's time.
    let room = input.readableBytes - input.readableBytes / 20
    var output = ByteBufferAllocator().buffer(capacity: room)
    while output.readableBytes < room {
      guard let progress = try? stream.step(&input, to: &output, room: room - output.readableBytes) else { return nil }
      if case .end = progress { return output }
    }
    return nil
  }
}
