import NIOCore

/// Frames of HTTP/2 (RFC 9113, sections 4.1 and 6), as bytes.
enum HTTP2Frame {
  enum Kind {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
  }

  enum Flag {
    static let endStream: UInt8 = 1
    /// Of SETTINGS and PING.
    static let acknowledged: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 32
  }

  enum Setting {
    static let headerTableSize: UInt16 = 1
    static let enablePush: UInt16 = 2
    static let initialWindowSize: UInt16 = 4
    static let maximumFrameSize: UInt16 = 5
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let headBytes = 9
  static let largestWindow = Int(Int32.max)

  struct Head: Equatable {
    var length: Int
    var kind: UInt8
    var flags: UInt8
    var stream: UInt32
  }

  static func append(_ head: Head, to buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt32(head.length) << 8 | UInt32(head.kind))
    buffer.writeInteger(head.flags)
    buffer.writeInteger(head.stream)
  }

  static func appendWindowUpdate(_ increment: Int, stream: UInt32, to buffer: inout ByteBuffer) {
    append(Head(length: 4, kind: Kind.windowUpdate, flags: 0, stream: stream), to: &buffer)
    buffer.writeInteger(UInt32(increment))
  }

  static func appendSettings(_ settings: [(UInt16, UInt32)], to buffer: inout ByteBuffer) {
    append(Head(length: settings.count * 6, kind: Kind.settings, flags: 0, stream: 0), to: &buffer)
    for (name, value) in settings { buffer.writeMultipleIntegers(name, value) }
  }

  /// Takes a whole frame off the front of `buffer`; nil when more bytes are needed.
  static func read(from buffer: inout ByteBuffer, longest: Int) throws(BenchError) -> (head: Head, payload: ByteBuffer)?
  {
    guard
      let (word, flags, stream) = buffer.peekMultipleIntegers(as: (UInt32, UInt8, UInt32).self)
    else { return nil }
    let head = Head(length: Int(word >> 8), kind: UInt8(word & 0xff), flags: flags, stream: stream & 0x7fff_ffff)
    guard head.length <= longest else {
      throw BenchError("a frame of \(head.length) bytes is longer than agreed; does this port speak another protocol?")
    }
    guard buffer.readableBytes >= headBytes + head.length else { return nil }
    buffer.moveReaderIndex(forwardBy: headBytes)
    guard let payload = buffer.readSlice(length: head.length) else { return nil }
    return (head, payload)
  }

  /// Drops padding, and the priority that HEADERS may begin with. False when the frame is too short for what its flags say.
  static func strip(_ head: Head, _ payload: inout ByteBuffer) -> Bool {
    var padding = 0
    if head.flags & Flag.padded != 0 {
      guard let length = payload.readInteger(as: UInt8.self) else { return false }
      padding = Int(length)
    }
    if head.kind == Kind.headers, head.flags & Flag.priority != 0 {
      guard payload.readableBytes >= 5 else { return false }
      payload.moveReaderIndex(forwardBy: 5)
    }
    guard padding <= payload.readableBytes else { return false }
    payload.moveWriterIndex(to: payload.writerIndex - padding)
    return true
  }
}
