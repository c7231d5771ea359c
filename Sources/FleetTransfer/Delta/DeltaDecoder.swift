package import FleetCore

/// Makes a file from a delta and its base.
package struct DeltaDecoder<Delta: ByteSource> {
  private let delta: Delta
  private let header: DeltaHeader
  private let settings: DeltaSettings

  /// Looks at what the delta says of itself. Throws `.corrupt` when it is not one, or makes another file than `expected`; what a
  /// sender says of sizes is not believed beyond that.
  package init(
    _ delta: Delta,
    expecting expected: FileIdentity,
    settings: DeltaSettings = DeltaSettings()
  ) throws(CommandError) {
    guard delta.count >= DeltaHeader.overhead else {
      throw CommandError(.corrupt, "a delta of \(delta.count) bytes is too short to be one")
    }
    self.delta = delta
    self.settings = settings
    header = try DeltaHeader(reading: delta.bytes(at: 0, count: DeltaHeader.bytes))
    guard header.result == expected else {
      throw CommandError(.corrupt, "the delta makes another file than the manifest names")
    }
  }

  /// Which file it needs; nil for none.
  package var base: FileIdentity? { header.base }
  package var method: DeltaMethod { header.method }

  /// Gives the file in pieces. What was given is that file only once this returns: on any doubt it throws `.corrupt`, and all of it
  /// has to be thrown away.
  package func decode(
    from base: (some ByteSource)?,
    into give: ([UInt8]) throws(CommandError) -> Void
  ) throws(CommandError) {
    var seen = SHA256Text.Hasher()
    var given: UInt64 = 0
    try body(from: base) { (piece) throws(CommandError) in
      given += UInt64(piece.count)
      guard given <= header.result.bytes else { throw CommandError(.corrupt, "the delta makes too long a file") }
      seen.update(piece)
      try give(piece)
    }
    guard given == header.result.bytes, seen.finish() == header.result.sha256 else {
      throw CommandError(.corrupt, "what the delta makes is not the file that it should be")
    }
  }

  private func body(
    from base: (some ByteSource)?,
    _ give: ([UInt8]) throws(CommandError) -> Void
  ) throws(CommandError) {
    var seenBase = SHA256Text.Hasher()
    let result = header.result.bytes
    let stream: ZstdDecompressor?
    switch header.method {
    case .raw: stream = nil
    case .zstd: stream = try ZstdDecompressor(limit: result, windowLog: settings.windowLog)
    case .subtract:
      guard base?.count == result, header.base?.bytes == result else { throw Self.wrongBase }
      stream = try ZstdDecompressor(limit: result, windowLog: settings.windowLog)
    case .prefix:
      guard let base, base.count == header.base?.bytes else { throw Self.wrongBase }
      guard settings.allowsPrefix(base: base.count, result: result) else {
        throw CommandError(.invalid, "the delta needs more memory than the \(settings.largestHeld) bytes allowed")
      }
      let held = try HeldBytes(reading: base) { seenBase.update($0) }
      guard seenBase.finish() == header.base?.sha256 else { throw Self.wrongBase }
      seenBase = SHA256Text.Hasher()
      stream = try ZstdDecompressor(
        limit: result,
        windowLog: DeltaSettings.windowLog(holding: result),
        prefix: held
      )
    }
    var offset: UInt64 = 0
    try payload { (piece) throws(CommandError) in
      guard let stream else { return try give(piece) }
      try stream.add(piece) { (part) throws(CommandError) in
        guard header.method == .subtract, let base else { return try give(part) }
        var part = part
        let old = try base.bytes(at: offset, count: part.count)
        seenBase.update(old)
        for index in part.indices { part[index] &+= old[index] }
        offset += UInt64(part.count)
        try give(part)
      }
    }
    try stream?.finish()
    if header.method == .subtract, seenBase.finish() != header.base?.sha256 { throw Self.wrongBase }
  }

  /// What lies between header and hash, held against the hash.
  private func payload(_ body: ([UInt8]) throws(CommandError) -> Void) throws(CommandError) {
    var seen = SHA256Text.Hasher()
    seen.update(try delta.bytes(at: 0, count: DeltaHeader.bytes))
    var offset = UInt64(DeltaHeader.bytes)
    let end = offset + delta.count - DeltaHeader.overhead
    while offset < end {
      let piece = try delta.bytes(at: offset, count: Int(min(256 * 1024, end - offset)))
      seen.update(piece)
      offset += UInt64(piece.count)
      try body(piece)
    }
    let hash = try delta.bytes(at: end, count: Int(delta.count - end))
    guard DeltaHeader.raw(seen.finish()) == hash else {
      throw CommandError(.corrupt, "the delta was damaged on its way")
    }
  }

  private static var wrongBase: CommandError {
    CommandError(.corrupt, "the file that the delta was made against is not the one here")
  }
}
