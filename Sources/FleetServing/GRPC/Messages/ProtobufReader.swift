package import NIOCore

/// Reads the fields of one message in place (protobuf.dev/programming-guides/encoding). Whatever the bytes are, it comes to an end.
package struct ProtobufReader {
  package enum WireType: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
  }

  package struct Tag: Equatable {
    package var field: UInt64
    package var wire: WireType

    package init(_ field: UInt64, _ wire: WireType) {
      self.field = field
      self.wire = wire
    }
  }

  /// Groups are out of use for years; the bound is SwiftProtobuf's.
  private static let deepestGroup = 100
  private static let largestField: UInt64 = (1 << 29) - 1

  private var rest: ByteBuffer

  package init(_ message: ByteBuffer) {
    rest = message
  }

  package var isAtEnd: Bool { rest.readableBytes == 0 }

  /// The next field's number and form, with its value up next; nil at the end.
  package mutating func tag() throws(ServingError) -> Tag? {
    guard !isAtEnd else { return nil }
    let key = try varint()
    let field = key >> 3
    guard let wire = WireType(rawValue: key & 7), 1...Self.largestField ~= field else {
      throw Self.malformed("a field has the key \(key)")
    }
    return Tag(field, wire)
  }

  package mutating func varint() throws(ServingError) -> UInt64 {
    guard let first = rest.readInteger(as: UInt8.self) else { throw Self.malformed("it ends within a number") }
    if first < 0x80 { return UInt64(first) }
    var value = UInt64(first & 0x7f)
    for shift in stride(from: UInt64(7), through: 63, by: 7) {
      guard let byte = rest.readInteger(as: UInt8.self) else { throw Self.malformed("it ends within a number") }
      value |= UInt64(byte & 0x7f) << shift
      // Of the tenth byte only one bit counts; others take what is beyond, and so do we.
      if byte < 0x80 { return value }
    }
    throw Self.malformed("a number is longer than ten bytes")
  }

  package mutating func fixed32() throws(ServingError) -> UInt32 {
    guard let value = rest.readInteger(endianness: .little, as: UInt32.self) else {
      throw Self.malformed("it ends within a number")
    }
    return value
  }

  package mutating func fixed64() throws(ServingError) -> UInt64 {
    guard let value = rest.readInteger(endianness: .little, as: UInt64.self) else {
      throw Self.malformed("it ends within a number")
    }
    return value
  }

  /// Shares the message's memory.
  package mutating func bytes() throws(ServingError) -> ByteBuffer {
    let length = try varint()
    guard length <= rest.readableBytes, let slice = rest.readSlice(length: Int(length)) else {
      throw Self.malformed("a field says it is \(length) bytes, but only \(rest.readableBytes) are left")
    }
    return slice
  }

  package mutating func string() throws(ServingError) -> String {
    let length = try varint()
    guard length <= rest.readableBytes else {
      throw Self.malformed("a text says it is \(length) bytes, but only \(rest.readableBytes) are left")
    }
    do {
      return try rest.readUTF8ValidatedString(length: Int(length)) ?? ""
    } catch {
      throw Self.malformed("a text is not UTF-8")
    }
  }

  /// Passes over the value that belongs to `tag`.
  package mutating func skip(_ tag: Tag) throws(ServingError) {
    switch tag.wire {
    case .varint: _ = try varint()
    case .fixed64: _ = try fixed64()
    case .fixed32: _ = try fixed32()
    case .bytes: _ = try bytes()
    case .groupEnd: throw Self.malformed("a group ends that did not begin")
    case .groupStart: try skipGroup(tag.field)
    }
  }

  private mutating func skipGroup(_ field: UInt64) throws(ServingError) {
    var open = [field]
    while let innermost = open.last {
      guard let tag = try tag() else { throw Self.malformed("a group does not end") }
      switch tag.wire {
      case .groupStart:
        guard open.count < Self.deepestGroup else { throw Self.malformed("groups are nested too deep") }
        open.append(tag.field)
      case .groupEnd:
        guard tag.field == innermost else { throw Self.malformed("a group ends that did not begin") }
        open.removeLast()
      default: try skip(tag)
      }
    }
  }

  private static func malformed(_ problem: String) -> ServingError {
    ServingError(.invalid, "the message is not valid protobuf: \(problem)")
  }
}
