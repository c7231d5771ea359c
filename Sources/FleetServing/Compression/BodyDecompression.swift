import NIOCore
import NIOHTTP1

/// A request's body as its sender had it before it was compressed.
enum BodyDecompression {
  /// The body of `request` as it is, or decompressed as below. Throws `.unsupportedEncoding` besides.
  static func decompressed(_ request: HTTPRequest, held: HeldBytes) throws(ServingError) -> ByteBuffer {
    let field = request.headers["content-encoding"].joined(separator: ", ")
    switch ContentEncoding.named(field) {
    case .identity: return request.body
    case .known(let encoding): return try decompress(request.body, encoding, held: held)
    case .unknown:
      throw ServingError(
        .unsupportedEncoding,
        "Content-Encoding \(ServingError.quote(field)) is not taken: compress with gzip or deflate, or not at all"
      )
    }
  }

  /// Throws `.tooLarge` when it would be longer than `held` allows, whatever its size when compressed; `.invalid` when it is not
  /// what its encoding says; `.unavailable` when too much memory is in use already.
  static func decompress(
    _ body: ByteBuffer,
    _ encoding: ContentEncoding,
    held: HeldBytes
  ) throws(ServingError) -> ByteBuffer {
    guard let stream = ZlibStream(inflating: format(of: body, encoding)) else { throw HeldBytes.exhausted }
    var input = body
    var output = ByteBuffer()
    var capacity = 0
    while true {
      if output.readableBytes == capacity, capacity < held.limit {
        let more = min(held.limit, max(capacity * 2, body.readableBytes * 4, 4096))
        try held.hold(more - capacity)
        output.reserveCapacity(more)
        capacity = more
      }
      let isFull = output.readableBytes == capacity
      // When all that is allowed is there, only the stream's end may follow.
      var surplus = ByteBuffer()
      let progress: ZlibStream.Progress
      do throws(ZlibStream.Failure) {
        progress =
          isFull
          ? try stream.step(&input, to: &surplus, room: 1)
          : try stream.step(&input, to: &output, room: capacity - output.readableBytes)
      } catch {
        throw broken(encoding, error.message)
      }
      guard surplus.readableBytes == 0 else {
        throw ServingError(.tooLarge, "the body is longer than \(held.limit) bytes when decompressed")
      }
      switch progress {
      case .end:
        if input.readableBytes == 0 { return output }
        // A gzip file may be several, one behind the other (RFC 1952, section 2.2).
        guard encoding == .gzip else { throw broken(encoding, "something follows its end") }
        stream.restart()
      case .partial:
        guard input.readableBytes > 0 || (!isFull && output.readableBytes == capacity) else {
          throw broken(encoding, "it ends too early")
        }
      }
    }
  }

  private static func broken(_ encoding: ContentEncoding, _ problem: String) -> ServingError {
    ServingError(.invalid, "the body is not \(encoding.rawValue): \(problem)")
  }

  /// What calls itself deflate should be zlib's format, and sometimes lacks its two bytes of header (RFC 9110, section 8.4.1.2).
  private static func format(of body: ByteBuffer, _ encoding: ContentEncoding) -> ZlibStream.Format {
    guard encoding == .deflate else { return .gzip }
    guard let header = body.getInteger(at: body.readerIndex, as: UInt16.self) else { return .zlib }
    // RFC 1950, section 2.2: method 8, a window of 32 KiB at most, and a check that makes the two bytes a multiple of 31.
    let isZlib = header >> 8 & 0xf == 8 && header >> 12 <= 7 && header % 31 == 0
    return isZlib ? .zlib : .raw
  }
}
