package import FleetCore

/// Bytes that stay at one address for as long as this lives, as zstd wants of a prefix.
@safe package final class HeldBytes {
  let memory: UnsafeMutableRawBufferPointer

  /// Reads all of `source`, giving each piece to `look` on its way. Takes as much memory as `source` is long.
  package init(
    reading source: some ByteSource,
    _ look: ([UInt8]) -> Void = { _ in }
  ) throws(CommandError) {
    unsafe memory = .allocate(byteCount: Int(clamping: source.count), alignment: 16)
    var offset = 0
    try source.read { (piece) throws(CommandError) in
      look(piece)
      unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyBytes(from: piece)
      offset += piece.count
    }
  }

  deinit { unsafe memory.deallocate() }
}
