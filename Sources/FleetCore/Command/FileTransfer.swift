/// A file of a staged version that comes as one stream, from where the node stands.
package struct FileTransfer: Sendable, Equatable {
  package enum Encoding: String, Sendable, CaseIterable {
    /// The file's bytes as they are.
    case raw
    /// The same as one frame of zstd (RFC 8878).
    case zstd
    /// What makes the file out of one that the node has in a complete version.
    case delta
  }

  /// Which delta is sent, and what it was made against.
  package struct Delta: Sendable, Equatable {
    /// Of the whole delta, in hexadecimal: its name, by which one that broke off is gone on with.
    package var sha256: String
    package var bytes: UInt64
    /// The file that it was made against.
    package var baseSHA256: String

    package init(sha256: String, bytes: UInt64, baseSHA256: String) {
      self.sha256 = sha256
      self.bytes = bytes
      self.baseSHA256 = baseSHA256
    }
  }

  /// Most bytes of a piece that a node accepts.
  package static let maximumPieceBytes = 1 << 20
  /// What senders put into one: enough that its cost does not matter, and little to send again when the line breaks in it.
  package static let usualPieceBytes = 256 * 1024

  package var digest: ModelDigest
  package var path: String
  /// Where in the file, or in its delta, the stream begins. The node may have more meanwhile, and leaves out what it has then; it
  /// never has less.
  package var offset: UInt64
  package private(set) var encoding: Encoding
  /// Of the encoding `.delta` alone, and always of that.
  package private(set) var delta: Delta?

  /// For the file itself: `.raw` or `.zstd`.
  package init(digest: ModelDigest, path: String, offset: UInt64, encoding: Encoding = .raw) {
    self.digest = digest
    self.path = path
    self.offset = offset
    self.encoding = encoding
  }

  package init(digest: ModelDigest, path: String, offset: UInt64, delta: Delta) {
    self.init(digest: digest, path: path, offset: offset, encoding: .delta)
    self.delta = delta
  }
}

/// The pieces of a stream, pulled one at a time by the one who takes them: so nobody sends faster than the other end writes.
package struct FilePieces: Sendable {
  private let pull: @Sendable () async throws(CommandError) -> [UInt8]?

  /// `pull` gives the next piece, nil at the end. It is never called again before it has answered.
  package init(_ pull: @escaping @Sendable () async throws(CommandError) -> [UInt8]?) {
    self.pull = pull
  }

  package func next() async throws(CommandError) -> [UInt8]? { try await pull() }
}

extension NodeAgent {
  package var sendEncodings: Set<FileTransfer.Encoding> { [.raw] }

  /// Brings the stream chunk by chunk with `write`.
  package func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    try await sendInChunks(transfer, pieces)
  }

  package func sendInChunks(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    guard transfer.encoding == .raw else {
      throw CommandError(.invalid, "\(name) takes files only as they are, not as \(transfer.encoding.rawValue)")
    }
    var offset = transfer.offset
    while let piece = try await pieces.next() {
      for start in stride(from: 0, to: piece.count, by: FileChunk.maximumBytes) {
        let bytes = Array(piece[start..<min(start + FileChunk.maximumBytes, piece.count)])
        let chunk = FileChunk(digest: transfer.digest, path: transfer.path, offset: offset, bytes: bytes)
        guard case .written(let received) = try await execute(.write(chunk)), received > offset else {
          throw CommandError(.failed, "'\(transfer.path)': \(name) took none of the bytes sent")
        }
        offset = received
      }
    }
    return offset
  }
}
