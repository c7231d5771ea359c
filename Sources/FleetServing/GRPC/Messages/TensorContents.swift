package import NIOCore

/// Reads `inference.InferTensorContents`, tensors as protobuf's numbers, into the bytes that models take.
package enum TensorContents {
  /// In which field a datatype's elements are (Open Inference Protocol v2, "Tensor Data"); nil when they go as raw bytes only.
  private static func field(_ datatype: TensorDatatype) -> UInt64? {
    switch datatype {
    case .bool: 1
    case .int8, .int16, .int32: 2
    case .int64: 3
    case .uint8, .uint16, .uint32: 4
    case .uint64: 5
    case .fp32: 6
    case .fp64: 7
    case .bytes: 8
    case .fp16, .bf16: nil
    }
  }

  private static let fieldNames = [
    "bool_contents", "int_contents", "int64_contents", "uint_contents", "uint64_contents", "fp32_contents",
    "fp64_contents", "bytes_contents",
  ]

  /// The elements in `pieces`, one after the other, in binary form. Throws `.invalid` with what is wrong, without the tensor's name,
  /// also when they come to more than `maximumBytes`: eight bytes can come out of one.
  package static func bytes(
    of pieces: [ByteBuffer],
    as datatype: TensorDatatype,
    maximumBytes: Int
  ) throws(ServingError) -> ByteBuffer {
    guard let field = field(datatype) else {
      throw ServingError(.invalid, "\(datatype.rawValue) has no typed contents; send raw_input_contents")
    }
    var bytes = ByteBuffer()
    for piece in pieces {
      var reader = ProtobufReader(piece)
      while let tag = try reader.tag() {
        guard tag.field == field else {
          if 1...8 ~= tag.field {
            let name = fieldNames[Int(tag.field) - 1]
            throw ServingError(.invalid, "\(name) do not fit the datatype \(datatype.rawValue)")
          }
          try reader.skip(tag)
          continue
        }
        try read(tag, from: &reader, as: datatype, into: &bytes)
        guard bytes.readableBytes <= maximumBytes else {
          throw ServingError(.invalid, "contents are more than \(maximumBytes) bytes")
        }
      }
    }
    return bytes
  }

  /// One element, or many packed into one field.
  private static func read(
    _ tag: ProtobufReader.Tag,
    from reader: inout ProtobufReader,
    as datatype: TensorDatatype,
    into bytes: inout ByteBuffer
  ) throws(ServingError) {
    switch (datatype, tag.wire) {
    case (.bytes, .bytes):
      let element = try reader.bytes()
      bytes.writeInteger(UInt32(element.readableBytes), endianness: .little)
      bytes.writeImmutableBuffer(element)
    case (.fp32, .bytes), (.fp64, .bytes):
      let packed = try reader.bytes()
      guard packed.readableBytes % (datatype.size ?? 1) == 0 else {
        throw ServingError(.invalid, "packed contents end within an element")
      }
      // Packed floating point numbers are the tensor's bytes already.
      if bytes.readableBytes == 0 { bytes = packed } else { bytes.writeImmutableBuffer(packed) }
    case (.fp32, .fixed32): bytes.writeInteger(try reader.fixed32(), endianness: .little)
    case (.fp64, .fixed64): bytes.writeInteger(try reader.fixed64(), endianness: .little)
    case (.fp32, _), (.fp64, _), (.bytes, _): try reader.skip(tag)
    case (_, .varint): try write(try reader.varint(), as: datatype, to: &bytes)
    case (_, .bytes):
      var packed = ProtobufReader(try reader.bytes())
      while !packed.isAtEnd { try write(try packed.varint(), as: datatype, to: &bytes) }
    default: try reader.skip(tag)
    }
  }

  private static func write(
    _ value: UInt64,
    as datatype: TensorDatatype,
    to bytes: inout ByteBuffer
  ) throws(ServingError) {
    switch datatype {
    case .bool: bytes.writeInteger(UInt8(value != 0 ? 1 : 0))
    case .int8: try writeNarrowed(Int32(truncatingIfNeeded: value), to: Int8.self, datatype, &bytes)
    case .int16: try writeNarrowed(Int32(truncatingIfNeeded: value), to: Int16.self, datatype, &bytes)
    case .uint8: try writeNarrowed(UInt32(truncatingIfNeeded: value), to: UInt8.self, datatype, &bytes)
    case .uint16: try writeNarrowed(UInt32(truncatingIfNeeded: value), to: UInt16.self, datatype, &bytes)
    case .int32, .uint32: bytes.writeInteger(UInt32(truncatingIfNeeded: value), endianness: .little)
    default: bytes.writeInteger(value, endianness: .little)
    }
  }

  private static func writeNarrowed<Narrow: FixedWidthInteger>(
    _ value: some FixedWidthInteger,
    to narrow: Narrow.Type,
    _ datatype: TensorDatatype,
    _ bytes: inout ByteBuffer
  ) throws(ServingError) {
    guard let value = Narrow(exactly: value) else {
      throw ServingError(.invalid, "\(value) is out of the range of \(datatype.rawValue)")
    }
    bytes.writeInteger(value, endianness: .little)
  }
}
