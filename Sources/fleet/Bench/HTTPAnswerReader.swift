import NIOCore

/// Cuts answers out of what a server sends (HTTP/1.1, RFC 9112), with no more work than a benchmark needs. It knows bodies with a
/// length; no inference server sends others.
struct HTTPAnswerReader {
  struct Answer: Equatable {
    var status: Int
    /// The server closes the connection after it.
    var isLast: Bool
    var body: ByteBuffer
  }

  private static let version = Array("http/1.".utf8)
  private static let contentLength = Array("content-length".utf8)
  private static let connection = Array("connection".utf8)
  private static let close = Array("close".utf8)
  private static let mostHeadBytes = 64 << 10
  private static let mostBodyBytes = 256 << 20

  private var buffer = ByteBuffer()
  private var head: (status: Int, isLast: Bool, length: Int)?

  mutating func feed(_ bytes: inout ByteBuffer) {
    if buffer.readableBytes == 0 {
      buffer = bytes
    } else {
      buffer.writeBuffer(&bytes)
    }
  }

  /// The next whole answer; nil when more bytes are needed.
  mutating func next() throws(BenchError) -> Answer? {
    while true {
      if head == nil { head = try readHead() }
      guard let head else { return nil }
      guard let body = buffer.readSlice(length: head.length) else { return nil }
      self.head = nil
      // What comes before the answer proper, such as '100 Continue', has no body (RFC 9110, section 15.2).
      if head.status < 200 { continue }
      return Answer(status: head.status, isLast: head.isLast, body: body)
    }
  }

  private mutating func readHead() throws(BenchError) -> (status: Int, isLast: Bool, length: Int)? {
    let view = buffer.readableBytesView
    guard let end = Self.endOfHead(view) else {
      guard view.count <= Self.mostHeadBytes else { throw BenchError("an answer's head is longer than 64 KiB") }
      return nil
    }
    var lines = view[view.startIndex..<end].split(separator: UInt8(ascii: "\n")).makeIterator()
    guard let first = lines.next(), let status = Self.status(first) else {
      throw BenchError("the answer is not HTTP/1.1; does this port speak another protocol?")
    }
    // Those that never have a body (RFC 9112, section 6.3).
    var length: Int? = status < 200 || status == 204 || status == 304 ? 0 : nil
    var isLast = false
    while let line = lines.next() {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = line[line.index(after: colon)...]
      switch colon - line.startIndex {
      case 14 where Self.isEqual(line[..<colon], Self.contentLength): length = length ?? Self.number(value)
      case 10 where Self.isEqual(line[..<colon], Self.connection):
        isLast = Self.isEqual(Self.trimmed(value), Self.close)
      default: break
      }
    }
    guard let length, length <= Self.mostBodyBytes else {
      throw BenchError("the server's answer has no usable Content-Length")
    }
    buffer.moveReaderIndex(to: end)
    return (status, isLast, length)
  }

  /// Just behind the empty line.
  private static func endOfHead(_ view: ByteBufferView) -> Int? {
    var matched = 0
    for (offset, byte) in view.enumerated() {
      switch (byte, matched) {
      case (UInt8(ascii: "\r"), 0), (UInt8(ascii: "\r"), 2), (UInt8(ascii: "\n"), 1): matched += 1
      case (UInt8(ascii: "\n"), 3): return view.startIndex + offset + 1
      case (UInt8(ascii: "\r"), _): matched = 1
      default: matched = 0
      }
    }
    return nil
  }

  /// `HTTP/1.1 200 OK`
  private static func status(_ line: ByteBufferView) -> Int? {
    guard line.count >= 12, isEqual(line.prefix(7), version) else { return nil }
    let digits = line.dropFirst(9).prefix(3)
    return digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? number(digits) : nil
  }

  private static func number(_ text: some Sequence<UInt8>) -> Int? {
    var value: Int?
    for byte in text {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let grown = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
        guard grown <= mostBodyBytes * 10 else { return nil }
        value = grown
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
      default: return nil
      }
    }
    return value
  }

  private static func trimmed(_ text: ByteBufferView) -> ByteBufferView {
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t") }
    var rest = text.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
    return rest
  }

  private static func isEqual(_ text: ByteBufferView, _ lowercase: [UInt8]) -> Bool {
    text.count == lowercase.count
      && zip(text, lowercase).allSatisfy { byte, wanted in
        byte == wanted || ((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) && byte | 0x20 == wanted)
      }
  }
}
