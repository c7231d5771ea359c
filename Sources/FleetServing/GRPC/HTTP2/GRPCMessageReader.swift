package import NIOCore

/// Cuts the bytes of a call into messages (gRPC over HTTP2, "Length-Prefixed-Message").
package struct GRPCMessageReader {
  /// The most that is set aside for a message before its bytes are there.
  private static let maximumReserve = 1 << 20

  private let maximumLength: Int
  private var buffered = ByteBuffer()

  package init(maximumLength: Int) {
    self.maximumLength = maximumLength
  }

  /// Bytes that have come and are in no message that was taken.
  package var bufferedBytes: Int { buffered.readableBytes }

  /// Throws as soon as a message's length is known to be over the maximum.
  package mutating func append(_ data: ByteBuffer) throws(GRPCStatus) {
    if buffered.readableBytes == 0 {
      // What came whole is taken without a copy. What did not must not keep the network's buffer for a few bytes of it.
      let length = try Self.nextLength(in: data, maximum: maximumLength)
      if let length, data.readableBytes >= length {
        buffered = data
        return
      }
      buffered = length.map { ByteBuffer(endingAligned: min($0, Self.maximumReserve)) } ?? ByteBuffer()
      buffered.writeImmutableBuffer(data)
    } else {
      buffered.writeImmutableBuffer(data)
    }
    guard let length = try Self.nextLength(in: buffered, maximum: maximumLength) else { return }
    let missing = length - buffered.readableBytes
    if missing > 0 { buffered.reserveCapacity(minimumWritableBytes: min(missing, Self.maximumReserve)) }
  }

  /// The next message; nil until it is there whole.
  package mutating func next() throws(GRPCStatus) -> (bytes: ByteBuffer, isCompressed: Bool)? {
    guard let length = try Self.nextLength(in: buffered, maximum: maximumLength), buffered.readableBytes >= length
    else {
      return nil
    }
    guard let flag = buffered.readInteger(as: UInt8.self), flag <= 1 else {
      throw GRPCStatus(.invalidArgument, "a message begins with what no message begins with")
    }
    buffered.moveReaderIndex(forwardBy: 4)
    return buffered.readSlice(length: length - GRPCMessage.prefixLength).map { ($0, flag == 1) }
  }

  /// What has come of the next message, without its prefix.
  var partialMessage: ByteBuffer {
    buffered.getSlice(
      at: buffered.readerIndex + GRPCMessage.prefixLength,
      length: max(0, buffered.readableBytes - GRPCMessage.prefixLength)
    ) ?? ByteBuffer()
  }

  package var hasMessage: Bool {
    guard let length = try? Self.nextLength(in: buffered, maximum: maximumLength) else { return false }
    return buffered.readableBytes >= length
  }

  /// Of the next message with its prefix; nil while that is not known.
  private static func nextLength(in bytes: ByteBuffer, maximum: Int) throws(GRPCStatus) -> Int? {
    guard let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self) else { return nil }
    guard length <= maximum else {
      throw GRPCStatus(.resourceExhausted, "a message of \(length) bytes is longer than \(maximum)")
    }
    return GRPCMessage.prefixLength + Int(length)
  }
}
