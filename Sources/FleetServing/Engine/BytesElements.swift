package import NIOCore

/// The binary form of BYTES tensors: each element is its length in 4 bytes, little endian, and its bytes
/// (Open Inference Protocol v2, "Binary tensor data extension").
package enum BytesElements {
  /// What is wrong with `bytes` as exactly `count` elements; nil when nothing is.
  package static func problem(in bytes: ByteBuffer, count: Int) -> String? {
    var rest = bytes
    var found = 0
    while rest.readableBytes > 0 {
      guard found < count else { return "expected \(count) elements, found more" }
      guard let length = rest.readInteger(endianness: .little, as: UInt32.self) else {
        return "element \(found) ends within its length"
      }
      guard length <= rest.readableBytes else {
        return "element \(found) says it is \(length) bytes, but only \(rest.readableBytes) are left"
      }
      rest.moveReaderIndex(forwardBy: Int(length))
      found += 1
    }
    return found == count ? nil : "expected \(count) elements, found \(found)"
  }

  /// Appends one element; false when it is too long for its length to be told.
  package static func write(_ element: some Collection<UInt8>, to bytes: inout ByteBuffer) -> Bool {
    guard let length = UInt32(exactly: element.count) else { return false }
    bytes.writeInteger(length, endianness: .little)
    bytes.writeBytes(element)
    return true
  }
}
