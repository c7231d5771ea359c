import FoundationEssentials

/// Messages between agent and engine on their socket: 4 bytes of length, big endian, then JSON. Both ends are the same binary,
/// so there is no version to negotiate.
package enum EngineFraming {
  /// Longer messages are refused: a histogram-rich report is some 20 KB.
  package static let maximumBytes = 4 << 20

  package static func encode(_ message: some Encodable) throws -> [UInt8] {
    let body = try JSONEncoder().encode(message)
    let length = UInt32(body.count)
    return [UInt8(length >> 24), UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255)] + body
  }

  /// Takes the first whole message off `buffer`; nil when it is not all there yet.
  package static func decode<Message: Decodable>(_ type: Message.Type, from buffer: inout [UInt8]) throws -> Message? {
    guard buffer.count >= 4 else { return nil }
    let length = buffer[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximumBytes else { throw EngineFramingError.tooLong(bytes: length) }
    guard buffer.count >= 4 + length else { return nil }
    let message = try JSONDecoder().decode(type, from: Data(buffer[4..<(4 + length)]))
    buffer.removeFirst(4 + length)
    return message
  }
}

package enum EngineFramingError: Error {
  case tooLong(bytes: Int)
}
