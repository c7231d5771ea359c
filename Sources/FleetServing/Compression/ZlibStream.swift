import CZlib
import NIOCore

/// One stream of zlib, compressing or decompressing, by whoever has it to himself.
@safe final class ZlibStream {
  enum Format {
    /// RFC 1952.
    case gzip
    /// RFC 1950: what HTTP calls `deflate`.
    case zlib
    /// RFC 1951: what some clients send as `deflate`.
    case raw

    fileprivate var windowBits: Int32 {
      switch self {
      case .gzip: 15 + 16
      case .zlib: 15
      case .raw: -15
      }
    }
  }

  /// How far a step has come.
  enum Progress {
    /// Either the input or the room for output is used up.
    case partial
    case end
  }

  struct Failure: Error {
    let message: String
  }

  /// The fastest: 9 takes ten times as long for tensors that hardly shrink more.
  private static let level: Int32 = 1
  private static let memoryLevel: Int32 = 8
  private static let structSize = unsafe Int32(MemoryLayout<z_stream>.size)

  // zlib keeps the address of this struct in its own state: it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isDeflating: Bool

  /// Nil when there is no memory for it.
  init?(inflating format: Format) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: unsafe z_stream())
    isDeflating = false
    guard unsafe inflateInit2_(stream, format.windowBits, ZLIB_VERSION, Self.structSize) == Z_OK else { return nil }
  }

  /// Nil when there is no memory for it.
  init?(deflatingTo format: Format) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: unsafe z_stream())
    isDeflating = true
    let status = unsafe deflateInit2_(
      stream,
      Self.level,
      Z_DEFLATED,
      format.windowBits,
      Self.memoryLevel,
      Z_DEFAULT_STRATEGY,
      ZLIB_VERSION,
      Self.structSize
    )
    guard status == Z_OK else { return nil }
  }

  deinit {
    // Either is harmless where nothing was begun.
    if isDeflating { _ = unsafe deflateEnd(stream) } else { _ = unsafe inflateEnd(stream) }
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// Takes from the front of `input`, which nothing follows, and appends at most `room` bytes to `output`.
  func step(_ input: inout ByteBuffer, to output: inout ByteBuffer, room: Int) throws(Failure) -> Progress {
    var status = Z_OK
    unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
      unsafe input.readWithUnsafeReadableBytes { source in
        let available = Self.clamped(source.count)
        let writable = Self.clamped(min(room, target.count))
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        unsafe stream.pointee.avail_in = available
        unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = writable
        status = unsafe isDeflating ? deflate(stream, Z_FINISH) : inflate(stream, Z_NO_FLUSH)
        let (taken, written) = unsafe (available - stream.pointee.avail_in, writable - stream.pointee.avail_out)
        return (Int(taken), Int(written))
      }
    }
    switch status {
    case Z_STREAM_END: return .end
    case Z_OK, Z_BUF_ERROR: return .partial
    case Z_NEED_DICT: throw Failure(message: "it needs a dictionary")
    case Z_MEM_ERROR: throw Failure(message: "there is no memory to decompress it")
    default: throw Failure(message: unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "it is broken")
    }
  }

  /// Begins anew on the same format, for what follows the end of a stream.
  func restart() {
    _ = unsafe isDeflating ? deflateReset(stream) : inflateReset(stream)
  }

  private static func clamped(_ count: Int) -> UInt32 {
    UInt32(clamping: count)
  }
}
