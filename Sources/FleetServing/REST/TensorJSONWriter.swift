import FleetCore
import NIOCore

/// Writes a tensor's elements as a flat JSON array.
///
/// NaN and the infinities, for which JSON has no form, become null, as JavaScript's JSON.stringify has it.
enum TensorJSONWriter {
  /// Throws `.invalid` for datatypes without a JSON form.
  static func write(_ tensor: Tensor, to json: inout ByteBuffer) throws(ServingError) {
    var bytes = tensor.bytes
    json.writeStaticString("[")
    switch tensor.datatype {
    case .bool:
      write(&bytes, to: &json) { (bytes, json) in
        guard let value = bytes.readInteger(as: UInt8.self) else { return false }
        json.writeStaticString(value == 0 ? "false" : "true")
        return true
      }
    case .uint8: writeIntegers(UInt8.self, &bytes, to: &json)
    case .uint16: writeIntegers(UInt16.self, &bytes, to: &json)
    case .uint32: writeIntegers(UInt32.self, &bytes, to: &json)
    case .uint64: writeIntegers(UInt64.self, &bytes, to: &json)
    case .int8: writeIntegers(Int8.self, &bytes, to: &json)
    case .int16: writeIntegers(Int16.self, &bytes, to: &json)
    case .int32: writeIntegers(Int32.self, &bytes, to: &json)
    case .int64: writeIntegers(Int64.self, &bytes, to: &json)
    case .fp32:
      write(&bytes, to: &json) { (bytes, json) in
        guard let value = bytes.readInteger(endianness: .little, as: UInt32.self).map(Float.init(bitPattern:)) else {
          return false
        }
        json.writeString(value.isFinite ? value.description : "null")
        return true
      }
    case .fp64:
      write(&bytes, to: &json) { (bytes, json) in
        guard let value = bytes.readInteger(endianness: .little, as: UInt64.self).map(Double.init(bitPattern:)) else {
          return false
        }
        json.writeString(value.isFinite ? value.description : "null")
        return true
      }
    case .bytes:
      var isText = true
      write(&bytes, to: &json) { (bytes, json) in
        guard let length = bytes.readInteger(endianness: .little, as: UInt32.self),
          let element = bytes.readSlice(length: Int(length))
        else { return false }
        guard let text = String(validating: element.readableBytesView, as: UTF8.self) else {
          isText = false
          return false
        }
        json.writeString(JSONText.quoted(text))
        return true
      }
      guard isText else {
        throw ServingError(
          .invalid,
          "output '\(tensor.name)' holds bytes that are not UTF-8, which have no form in JSON: ask for it with binary_data"
        )
      }
    case .fp16, .bf16:
      throw ServingError(
        .invalid,
        "output '\(tensor.name)' is \(tensor.datatype.rawValue), which has no form in JSON: ask for it with binary_data"
      )
    }
    json.writeStaticString("]")
  }

  @inline(__always)
  private static func write(
    _ bytes: inout ByteBuffer,
    to json: inout ByteBuffer,
    _ element: (inout ByteBuffer, inout ByteBuffer) -> Bool
  ) {
    var isFirst = true
    while bytes.readableBytes > 0 {
      if !isFirst { json.writeStaticString(",") }
      isFirst = false
      guard element(&bytes, &json) else { return }
    }
  }

  @inline(__always)
  private static func writeIntegers<Value: FixedWidthInteger>(
    _ type: Value.Type,
    _ bytes: inout ByteBuffer,
    to json: inout ByteBuffer
  ) {
    write(&bytes, to: &json) { (bytes, json) in
      guard let value = bytes.readInteger(endianness: .little, as: Value.self) else { return false }
      json.writeString(String(value))
      return true
    }
  }
}
