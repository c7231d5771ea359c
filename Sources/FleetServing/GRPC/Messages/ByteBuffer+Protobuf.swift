package import NIOCore

/// Writes fields of protobuf messages; the sizes are for those who tell a message's length before it.
extension ByteBuffer {
  package static func varintSize(_ value: UInt64) -> Int {
    // Seven bits a byte, and one byte for zero.
    (70 - (value | 1).leadingZeroBitCount) / 7
  }

  /// Of a field with a number below 16 that holds `length` bytes.
  package static func fieldSize(length: Int) -> Int {
    1 + varintSize(UInt64(length)) + length
  }

  package mutating func writeVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    writeInteger(UInt8(rest))
  }

  /// `field` is below 16.
  package mutating func writeFieldHead(_ field: UInt8, length: Int) {
    writeInteger(field << 3 | 2)
    writeVarint(UInt64(length))
  }

  package mutating func writeField(_ field: UInt8, _ text: String) {
    writeFieldHead(field, length: text.utf8.count)
    writeString(text)
  }
}
