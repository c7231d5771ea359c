package import FleetCore

/// Makes deltas from files that whoever encodes has both: what an operator's machine does, once for a pair of versions.
///
/// `plan` finds the smallest by making all that make sense, each only until it is longer than the shortest so far, and keeps none
/// of them: so it takes no space, and a good delta makes the others short work.
package struct DeltaEncoder<Base: ByteSource, Result: ByteSource> {
  let base: (source: Base, identity: FileIdentity)?
  let result: (source: Result, identity: FileIdentity)
  private let settings: DeltaSettings

  /// `identity` is what the manifest says of each file; they are held against it while they are read.
  package init(
    base: (source: Base, identity: FileIdentity)?,
    result: (source: Result, identity: FileIdentity),
    settings: DeltaSettings = DeltaSettings()
  ) {
    self.base = base
    self.result = result
    self.settings = settings
  }

  /// The method whose delta is shortest, and how long that is. One that uses the base is not worth its trouble for less than a
  /// hundredth.
  package func plan() throws(CommandError) -> DeltaPlan {
    var best = DeltaPlan(method: .raw, bytes: result.source.count + DeltaHeader.overhead)
    for method in [DeltaMethod.subtract, .prefix, .zstd] where isPossible(method) {
      let slack = method == .zstd && best.method.usesBase ? best.bytes / 100 : 0
      if let bytes = try length(method, below: best.bytes + slack) { best = DeltaPlan(method: method, bytes: bytes) }
    }
    return best
  }

  package func isPossible(_ method: DeltaMethod) -> Bool {
    switch method {
    case .raw: true
    case .zstd: result.source.count > 0
    case .subtract: result.source.count > 0 && base?.source.count == result.source.count
    case .prefix:
      base.map { settings.allowsPrefix(base: $0.source.count, result: result.source.count) } ?? false
    }
  }

  /// How long a delta by `method` is; nil when that is no less than `limit`.
  package func length(_ method: DeltaMethod, below limit: UInt64 = .max) throws(CommandError) -> UInt64? {
    var length = DeltaHeader.overhead
    let isWhole = try body(method) { (piece) throws(CommandError) in
      length += UInt64(piece.count)
      return length < limit
    }
    return isWhole && length < limit ? length : nil
  }

  /// Gives the whole delta by `method` in pieces. Throws `.corrupt` when a file is not what its manifest says.
  package func encode(
    _ method: DeltaMethod,
    into give: ([UInt8]) throws(CommandError) -> Void
  ) throws(CommandError) {
    precondition(isPossible(method), "\(method) does not fit these files")
    let header = DeltaHeader(method: method, base: base?.identity, result: result.identity).encoded
    var hasher = SHA256Text.Hasher()
    hasher.update(header)
    try give(header)
    _ = try body(method) { (piece) throws(CommandError) in
      hasher.update(piece)
      try give(piece)
      return true
    }
    try give(DeltaHeader.raw(hasher.finish()))
  }

  /// What comes behind the header, until `give` wants no more; false then.
  private func body(
    _ method: DeltaMethod,
    _ give: ([UInt8]) throws(CommandError) -> Bool
  ) throws(CommandError) -> Bool {
    var seenBase = SHA256Text.Hasher()
    let compressor: ZstdCompressor?
    switch method {
    case .raw: compressor = nil
    case .zstd, .subtract:
      let settings = ZstdSettings(level: settings.level, windowLog: settings.windowLog)
      compressor = try ZstdCompressor(settings, count: result.source.count)
    case .prefix:
      let held = try base.map { (base) throws(CommandError) in
        try HeldBytes(reading: base.source) { seenBase.update($0) }
      }
      let window = DeltaSettings.windowLog(holding: result.source.count)
      compressor = try ZstdCompressor(
        ZstdSettings(level: settings.level, windowLog: window),
        count: result.source.count,
        prefix: held
      )
    }
    var seenResult = SHA256Text.Hasher()
    var isWanted = true
    var offset: UInt64 = 0
    let pieceBytes = 256 * 1024
    while offset < result.source.count, isWanted {
      let count = Int(min(UInt64(pieceBytes), result.source.count - offset))
      var piece = try result.source.bytes(at: offset, count: count)
      seenResult.update(piece)
      if method == .subtract, let base {
        let old = try base.source.bytes(at: offset, count: count)
        seenBase.update(old)
        for index in piece.indices { piece[index] &-= old[index] }
      }
      offset += UInt64(count)
      if let compressor {
        try compressor.add(piece, isLast: offset == result.source.count) { (out) throws(CommandError) in
          if isWanted { isWanted = try give(out) }
        }
      } else {
        isWanted = try give(piece)
      }
    }
    guard isWanted else { return false }
    try check(seenResult.finish(), is: result.identity, "the new file")
    if method.usesBase, let base { try check(seenBase.finish(), is: base.identity, "the old file") }
    return true
  }

  private func check(_ hash: String, is identity: FileIdentity, _ what: String) throws(CommandError) {
    guard hash == identity.sha256 else {
      throw CommandError(.corrupt, "\(what) is not what its manifest says; export that version again")
    }
  }
}

/// What a delta will be.
package struct DeltaPlan: Sendable, Equatable {
  package var method: DeltaMethod
  package var bytes: UInt64

  package init(method: DeltaMethod, bytes: UInt64) {
    self.method = method
    self.bytes = bytes
  }
}
