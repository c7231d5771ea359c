package import NIOCore
package import SwiftProtobuf

/// A message as it goes out: a byte that says whether it is compressed, four of length, and the message
/// (gRPC over HTTP2, "Length-Prefixed-Message").
package struct GRPCMessage: Sendable, Equatable {
  package static let prefixLength = 5

  package let framed: ByteBuffer

  /// `write` appends exactly `length` bytes.
  package init(length: Int, _ write: (inout ByteBuffer) -> Void) {
    var buffer = ByteBufferAllocator().buffer(capacity: Self.prefixLength + length)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(truncatingIfNeeded: length))
    write(&buffer)
    assert(buffer.readableBytes == Self.prefixLength + length, "a message is as long as its prefix says")
    framed = buffer
  }

  package init(_ bytes: ByteBuffer) {
    self.init(length: bytes.readableBytes) { $0.writeImmutableBuffer(bytes) }
  }

  package init(_ message: some SwiftProtobuf.Message) {
    // The messages made here have no required fields, which are all that encoding can miss.
    let bytes: [UInt8] = (try? message.serializedBytes()) ?? []
    self.init(length: bytes.count) { $0.writeBytes(bytes) }
  }

  /// `bytes` are compressed as the header list that begins the answer says.
  init(compressed bytes: ByteBuffer) {
    var buffer = ByteBufferAllocator().buffer(capacity: Self.prefixLength + bytes.readableBytes)
    buffer.writeInteger(UInt8(1))
    buffer.writeInteger(UInt32(truncatingIfNeeded: bytes.readableBytes))
    buffer.writeImmutableBuffer(bytes)
    framed = buffer
  }

  /// Without the prefix.
  package var bytes: ByteBuffer {
    var rest = framed
    rest.moveReaderIndex(forwardBy: Self.prefixLength)
    return rest
  }
}
