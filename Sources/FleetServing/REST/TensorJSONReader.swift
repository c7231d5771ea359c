import NIOCore

/// Reads the `data` of a tensor, flat or nested as its shape says, into the protocol's binary form.
enum TensorJSONReader {
  /// Takes the array that follows. `count` is what `shape` holds.
  static func read(
    _ reader: inout JSONReader,
    datatype: TensorDatatype,
    shape: [Int],
    count: Int
  ) throws(JSONError) -> ByteBuffer {
    guard datatype.hasJSONForm else {
      throw reader.error("\(datatype.rawValue) has no form in JSON: send it as binary data")
    }
    // An element and its comma take two bytes at least, so a lying shape reserves no more than the text could fill.
    let plausible = min(count, reader.remaining / 2 + 1)
    var bytes = ByteBufferAllocator().buffer(capacity: plausible * (datatype.size ?? 8))
    switch datatype {
    case .bool: try read(&reader, shape, count, &bytes, Self.bool)
    case .uint8: try read(&reader, shape, count, &bytes, Self.integer(UInt8.self))
    case .uint16: try read(&reader, shape, count, &bytes, Self.integer(UInt16.self))
    case .uint32: try read(&reader, shape, count, &bytes, Self.integer(UInt32.self))
    case .uint64: try read(&reader, shape, count, &bytes, Self.integer(UInt64.self))
    case .int8: try read(&reader, shape, count, &bytes, Self.integer(Int8.self))
    case .int16: try read(&reader, shape, count, &bytes, Self.integer(Int16.self))
    case .int32: try read(&reader, shape, count, &bytes, Self.integer(Int32.self))
    case .int64: try read(&reader, shape, count, &bytes, Self.integer(Int64.self))
    case .fp32: try read(&reader, shape, count, &bytes, Self.float)
    case .fp64: try read(&reader, shape, count, &bytes, Self.double)
    case .bytes: try read(&reader, shape, count, &bytes, Self.text)
    case .fp16, .bf16: break
    }
    return bytes
  }

  private typealias Element = (inout JSONReader, inout ByteBuffer) throws(JSONError) -> Void

  @inline(__always)
  private static func read(
    _ reader: inout JSONReader,
    _ shape: [Int],
    _ count: Int,
    _ bytes: inout ByteBuffer,
    _ element: Element
  ) throws(JSONError) {
    let start = reader
    try reader.expect(UInt8(ascii: "["))
    let isNested = reader.peek() == UInt8(ascii: "[")
    reader = start
    if isNested {
      try readNested(&reader, shape[...], &bytes, element)
    } else {
      try readFlat(&reader, count, &bytes, element)
    }
  }

  @inline(__always)
  private static func readFlat(
    _ reader: inout JSONReader,
    _ count: Int,
    _ bytes: inout ByteBuffer,
    _ element: Element
  ) throws(JSONError) {
    try reader.expect(UInt8(ascii: "["))
    if reader.take(UInt8(ascii: "]")) {
      guard count == 0 else { throw reader.error("expected \(count) elements, found none") }
      return
    }
    var index = 0
    repeat {
      guard index < count else { throw reader.error("more elements than the \(count) of the shape") }
      try element(&reader, &bytes)
      index += 1
    } while try reader.continues(until: UInt8(ascii: "]"))
    guard index == count else { throw reader.error("expected \(count) elements, found \(index)") }
  }

  /// Descends as deep as the shape is long; `RESTInferDecoder` bounds that.
  private static func readNested(
    _ reader: inout JSONReader,
    _ shape: ArraySlice<Int>,
    _ bytes: inout ByteBuffer,
    _ element: Element
  ) throws(JSONError) {
    guard let length = shape.first else { throw reader.error("nested deeper than the shape") }
    if shape.count == 1 { return try readFlat(&reader, length, &bytes, element) }
    try reader.expect(UInt8(ascii: "["))
    if reader.take(UInt8(ascii: "]")) {
      guard length == 0 else { throw reader.error("expected \(length) arrays, found none") }
      return
    }
    var index = 0
    repeat {
      guard index < length else { throw reader.error("more arrays than the \(length) of the shape") }
      try readNested(&reader, shape.dropFirst(), &bytes, element)
      index += 1
    } while try reader.continues(until: UInt8(ascii: "]"))
    guard index == length else { throw reader.error("expected \(length) arrays, found \(index)") }
  }

  private static func bool(_ reader: inout JSONReader, _ bytes: inout ByteBuffer) throws(JSONError) {
    bytes.writeInteger(try reader.readBool() ? 1 : 0, as: UInt8.self)
  }

  private static func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Element {
    { (reader, bytes) throws(JSONError) in
      let range = try reader.readNumberText()
      guard let value: Value = JSONNumber.integer(reader.bytes[range]) else {
        throw reader.error("expected a whole number from \(Value.min) to \(Value.max)", at: range.lowerBound)
      }
      bytes.writeInteger(value, endianness: .little)
    }
  }

  private static func float(_ reader: inout JSONReader, _ bytes: inout ByteBuffer) throws(JSONError) {
    let range = try reader.readNumberText()
    guard let value = JSONNumber.float(reader.bytes[range]) else {
      throw reader.error("a number too great for FP32", at: range.lowerBound)
    }
    bytes.writeInteger(value.bitPattern, endianness: .little)
  }

  private static func double(_ reader: inout JSONReader, _ bytes: inout ByteBuffer) throws(JSONError) {
    let range = try reader.readNumberText()
    guard let value = JSONNumber.double(reader.bytes[range]) else {
      throw reader.error("a number too great for FP64", at: range.lowerBound)
    }
    bytes.writeInteger(value.bitPattern, endianness: .little)
  }

  private static func text(_ reader: inout JSONReader, _ bytes: inout ByteBuffer) throws(JSONError) {
    let text = try reader.readString()
    bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
    bytes.writeString(text)
  }
}
