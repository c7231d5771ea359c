internal import FleetCore
internal import FleetTransfer

/// Reads a file for one stream to a node, piece by piece, at the pace that is allowed.
actor PieceReader {
  /// What a stream is. It ends at `end`, or before when the store's hours do.
  struct Part {
    var node: NodeName
    var start: UInt64
    var end: UInt64
    var encoding: FileTransfer.Encoding
  }

  /// For a line thinner than a disk. Higher levels find hardly more in weights.
  private static let level = 3

  private let source: FileSource
  private let part: Part
  private let pace: TransferPace
  private let pieceBytes: Int
  private let tell: @Sendable (UInt64) -> Void
  private let compressor: ZstdCompressor?
  private var offset: UInt64
  private var hasGiven = false
  /// What has been compressed and not been given.
  private var ready: [UInt8] = []

  /// `tell` is told how far in the file the next piece reaches.
  init(
    _ source: FileSource,
    _ part: Part,
    pace: TransferPace,
    _ tell: @escaping @Sendable (UInt64) -> Void
  ) throws(CommandError) {
    self.source = source
    self.part = part
    self.pace = pace
    self.tell = tell
    offset = part.start
    pieceBytes = pace.pieceBytes(atMost: FileTransfer.usualPieceBytes)
    compressor = part.encoding == .zstd ? try ZstdCompressor(ZstdSettings(level: Self.level)) : nil
  }

  func next() async throws(CommandError) -> [UInt8]? {
    if Task.isCancelled { throw CommandError(.conflict, "stopped") }
    // What follows goes as another stream, once they begin again. A frame of zstd that is cut off is good up to there.
    if hasGiven, pace.opening(of: part.node.store) != nil { return nil }
    guard let piece = try read() else { return nil }
    hasGiven = true
    try await pace.wait(for: piece.count, to: part.node)
    tell(offset)
    return piece
  }

  private func read() throws(CommandError) -> [UInt8]? {
    guard let compressor else { return try readOn(pieceBytes) }
    while ready.count < pieceBytes, let piece = try readOn(FileTransfer.usualPieceBytes) {
      try compressor.add(piece, isLast: isAtEnd) { ready += $0 }
    }
    guard !ready.isEmpty else { return nil }
    let piece = Array(ready.prefix(pieceBytes))
    ready.removeFirst(piece.count)
    return piece
  }

  /// Whether all of it was read.
  var isAtEnd: Bool { offset >= part.end }

  private func readOn(_ most: Int) throws(CommandError) -> [UInt8]? {
    guard !isAtEnd else { return nil }
    let count = Int(min(UInt64(most), part.end - offset))
    let bytes = try source.bytes(at: offset, count: count)
    offset += UInt64(count)
    return bytes
  }
}
