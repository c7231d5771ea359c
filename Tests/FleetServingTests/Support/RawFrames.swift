import FleetServing
import Foundation

/// HTTP/2 as bytes, for a client that sends what no library would.
enum RawFrames {
  struct Frame: Sendable {
    var type: UInt8
    var flags: UInt8
    var stream: Int
    var payload: [UInt8]
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

  static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> [UInt8] {
    func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).reversed().map { UInt8(value >> ($0 * 8) & 255) } }
    return bytes(payload.count, 3) + [type, flags] + bytes(stream, 4) + payload
  }

  /// A header list that begins a call, with nothing that HPACK would have to remember.
  static func headers(_ path: String) -> [UInt8] {
    func literal(_ nameIndex: UInt8, _ value: String) -> [UInt8] {
      // "Literal Header Field without Indexing" (RFC 7541, section 6.2.2).
      (nameIndex < 15 ? [nameIndex] : [0x0f, nameIndex - 15]) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    return [0x83, 0x86] + literal(4, path) + literal(1, "test") + literal(31, "application/grpc")
  }

  /// The frames until the connection ends, which a reset does as well.
  static func readToEnd(_ descriptor: Int32) async throws -> [Frame] {
    try await Sockets.blocking {
      var bytes: [UInt8] = []
      while let piece = try? Sockets.read(from: descriptor), !piece.isEmpty { bytes += piece }
      var frames: [Frame] = []
      var rest = bytes[...]
      while rest.count >= 9 {
        let head = Array(rest.prefix(9))
        let length = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= 9 + length else { break }
        let stream = head[5..<9].reduce(0) { $0 << 8 | Int($1) }
        frames.append(
          Frame(type: head[3], flags: head[4], stream: stream, payload: Array(rest.dropFirst(9).prefix(length)))
        )
        rest = rest.dropFirst(9 + length)
      }
      return frames
    }
  }
}
