import NIOCore
import NIOHPACK

/// A gRPC call, ready to be written as often as wanted on one connection (gRPC over HTTP/2: grpc/doc/PROTOCOL-HTTP2.md).
struct GRPCRequestBytes {
  /// gRPC's prefix and the message.
  let message: ByteBuffer
  private let path: String
  private let authority: String
  private var encoder: HPACKEncoder
  private var block: ByteBuffer?
  private var hasSentFirst = false

  /// `tableSize` is what the server lets headers be remembered in, in bytes.
  init(path: String, authority: String, message: [UInt8], tableSize: Int) throws {
    self.message = ByteBuffer(bytes: message)
    self.path = path
    self.authority = authority
    encoder = HPACKEncoder(allocator: ByteBufferAllocator())
    if tableSize < HPACKEncoder.defaultDynamicTableSize { try encoder.setDynamicTableSize(tableSize) }
  }

  /// The header block of the next call. The first teaches the server's table; from the second on it is always the same few bytes.
  mutating func nextHeaderBlock() throws -> ByteBuffer {
    if let block { return block }
    var encoded = ByteBuffer()
    try encoder.encode(headers: headers, to: &encoded)
    if hasSentFirst { block = encoded }
    hasSentFirst = true
    return encoded
  }

  private var headers: HPACKHeaders {
    [
      ":method": "POST", ":scheme": "http", ":path": path, ":authority": authority, "te": "trailers",
      "content-type": "application/grpc", "user-agent": "fleet-bench",
    ]
  }
}
