/// As much of the Protocol Buffers wire format as the few messages of a benchmark need (protobuf.dev/programming-guides/encoding).
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func text(_ field: Int, _ value: String) {
    self.bytes(field, Array(value.utf8))
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func packed(_ field: Int, _ values: [Int]) {
    var packed = ProtobufWriter()
    for value in values { packed.varint(UInt64(bitPattern: Int64(value))) }
    bytes(field, packed.bytes)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The fields of one message, in the order in which they came. Survives any bytes.
struct ProtobufReader: Sequence, IteratorProtocol {
  enum Value: Equatable {
    case varint(UInt64)
    case bytes(ArraySlice<UInt8>)
    /// A number of four or eight bytes, which no message here has.
    case fixed
  }

  private var rest: ArraySlice<UInt8>

  init(_ message: ArraySlice<UInt8>) {
    rest = message
  }

  /// Ends at the end of the message, and where it is broken.
  mutating func next() -> (field: Int, value: Value)? {
    guard let key = varint() else { return nil }
    let field = Int(truncatingIfNeeded: key >> 3)
    switch key & 7 {
    case 0: return varint().map { (field, .varint($0)) }
    case 2:
      guard let length = varint(), length <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(length)) }
      return (field, .bytes(rest.prefix(Int(length))))
    case 1, 5:
      let length = key & 7 == 1 ? 8 : 4
      guard rest.count >= length else { return nil }
      rest = rest.dropFirst(length)
      return (field, .fixed)
    default: return nil
    }
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
