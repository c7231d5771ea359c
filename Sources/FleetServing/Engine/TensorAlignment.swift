import NIOCore

/// Where the bytes of a large input should lie, so that a device can read them where the network put them.
enum TensorAlignment {
  /// In bytes: a line of the cache, and the widest register.
  static let alignment = 64
  /// To copy fewer bytes than this costs less than to tell a device where they are.
  static let leastBytes = 64 << 10
}

extension ByteBuffer {
  /// Empty, with room for `length` bytes whose end is aligned: a request ends with its tensors, and when their lengths are multiples of the
  /// alignment, as those of pictures mostly are, they begin aligned too.
  init(endingAligned length: Int) {
    self.init()
    reserveCapacity(length + TensorAlignment.alignment)
    let end = unsafe withUnsafeMutableWritableBytes { Int(bitPattern: $0.baseAddress) } + length
    let padding = (TensorAlignment.alignment - end % TensorAlignment.alignment) % TensorAlignment.alignment
    moveWriterIndex(to: padding)
    moveReaderIndex(to: padding)
  }
}
