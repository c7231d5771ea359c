package import FleetCore

/// Bytes of a known length that can be read from any place: a file's, or an array's.
package protocol ByteSource {
  var count: UInt64 { get }

  /// Exactly `count` bytes. Throws `.corrupt` when they are not all there, `.failed` when they cannot be read.
  func bytes(at offset: UInt64, count: Int) throws(CommandError) -> [UInt8]
}

extension ByteSource {
  /// All of it in pieces, in order.
  package func read(
    pieceBytes: Int = 256 * 1024,
    _ body: ([UInt8]) throws(CommandError) -> Void
  ) throws(CommandError) {
    var offset: UInt64 = 0
    while offset < count {
      let piece = try bytes(at: offset, count: Int(min(UInt64(pieceBytes), count - offset)))
      offset += UInt64(piece.count)
      try body(piece)
    }
  }
}

/// An array as a source.
package struct ByteArray: ByteSource, Sendable {
  package let all: [UInt8]

  package init(_ all: [UInt8]) { self.all = all }

  package var count: UInt64 { UInt64(all.count) }

  package func bytes(at offset: UInt64, count: Int) throws(CommandError) -> [UInt8] {
    guard offset <= self.count, UInt64(count) <= self.count - offset else {
      throw CommandError(.corrupt, "\(count) bytes at \(offset) are more than the \(self.count) there are")
    }
    return Array(all[Int(offset)..<Int(offset) + count])
  }
}
