import CZstd
package import FleetCore

/// How zstd compresses.
package struct ZstdSettings: Sendable, Equatable {
  package var level: Int
  /// How far back a repetition is found, as a power of two of bytes. Whoever decompresses needs that much memory, or as much as the
  /// contents are long if that is less. Nil for what the level does by itself.
  package var windowLog: Int?

  package init(level: Int, windowLog: Int? = nil) {
    self.level = level
    self.windowLog = windowLog
  }
}

/// Makes one frame of zstd (RFC 8878), piece by piece, in bounded memory, for whoever has it to himself.
@safe package final class ZstdCompressor {
  private let context: OpaquePointer
  private let prefix: HeldBytes?

  /// `count` is how many bytes will come, if that is known; the frame says so then. With a prefix, whoever decompresses has to have
  /// the same, and repetitions of it cost next to nothing.
  package init(_ settings: ZstdSettings, count: UInt64? = nil, prefix: HeldBytes? = nil) throws(CommandError) {
    guard let context = unsafe ZSTD_createCCtx() else { throw Zstd.noMemory }
    unsafe self.context = context
    self.prefix = prefix
    try Zstd.check(unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: settings.level)))
    if let windowLog = settings.windowLog {
      try Zstd.check(unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, Int32(clamping: windowLog)))
      try Zstd.check(unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1))
    }
    if let count { try Zstd.check(unsafe ZSTD_CCtx_setPledgedSrcSize(context, count)) }
    if let prefix {
      try Zstd.check(unsafe ZSTD_CCtx_refPrefix(context, prefix.memory.baseAddress, prefix.memory.count))
    }
  }

  deinit { _ = unsafe ZSTD_freeCCtx(context) }

  /// Takes all of `input`; what comes of it goes to `give`. After the last piece nothing may follow.
  package func add(
    _ input: [UInt8],
    isLast: Bool = false,
    _ give: ([UInt8]) throws(CommandError) -> Void
  ) throws(CommandError) {
    var taken = 0
    while true {
      var left = 0
      let piece = Zstd.piece(of: input, &taken) { source, target in
        left = unsafe ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
      }
      try Zstd.check(left)
      if !piece.isEmpty { try give(piece) }
      if isLast ? left == 0 : taken == input.count { return }
    }
  }
}

/// Reads one frame of zstd, piece by piece, in bounded memory, for whoever has it to himself.
@safe package final class ZstdDecompressor {
  private let context: OpaquePointer
  private let prefix: HeldBytes?
  private let limit: UInt64
  private var given: UInt64 = 0
  private var isAtEnd = false

  /// No more than `limit` bytes are given, whatever the frame holds; one that needs a larger window is refused.
  package init(limit: UInt64, windowLog: Int = 27, prefix: HeldBytes? = nil) throws(CommandError) {
    guard let context = unsafe ZSTD_createDCtx() else { throw Zstd.noMemory }
    unsafe self.context = context
    self.prefix = prefix
    self.limit = limit
    try Zstd.check(unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(clamping: windowLog)))
    if let prefix {
      try Zstd.check(unsafe ZSTD_DCtx_refPrefix(context, prefix.memory.baseAddress, prefix.memory.count))
    }
  }

  deinit { _ = unsafe ZSTD_freeDCtx(context) }

  /// Takes all of `input`; what comes of it goes to `give`. Throws `.corrupt` when it is not zstd, goes on behind the frame's end, or
  /// would be longer than allowed.
  package func add(_ input: [UInt8], _ give: ([UInt8]) throws(CommandError) -> Void) throws(CommandError) {
    var taken = 0
    while true {
      guard !isAtEnd else {
        if taken == input.count { return }
        throw CommandError(.corrupt, "the compressed bytes go on behind their end")
      }
      var left = 0
      let piece = Zstd.piece(of: input, &taken) { source, target in
        left = unsafe ZSTD_decompressStream(context, &target, &source)
      }
      try Zstd.check(left)
      isAtEnd = left == 0
      given += UInt64(piece.count)
      guard given <= limit else {
        throw CommandError(.corrupt, "the compressed bytes hold more than the \(limit) they should")
      }
      if !piece.isEmpty { try give(piece) }
      // A full piece may have more behind it.
      if !isAtEnd, taken == input.count, piece.count < Zstd.pieceBytes { return }
    }
  }

  /// Throws `.corrupt` when the frame has not come to its end.
  package func finish() throws(CommandError) {
    guard isAtEnd else { throw CommandError(.corrupt, "the compressed bytes end too early") }
  }
}

private enum Zstd {
  static let pieceBytes = 128 * 1024
  static var noMemory: CommandError { CommandError(.failed, "there is no memory to compress or decompress with") }

  /// One step of a stream from where `taken` stands in `input`; what it put out.
  @safe static func piece(
    of input: [UInt8],
    _ taken: inout Int,
    _ step: (inout ZSTD_inBuffer, inout ZSTD_outBuffer) -> Void
  ) -> [UInt8] {
    unsafe input.withUnsafeBytes { bytes -> [UInt8] in
      var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: taken)
      defer { taken = unsafe source.pos }
      return unsafe [UInt8](unsafeUninitializedCapacity: pieceBytes) { room, count in
        var target = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: pieceBytes, pos: 0)
        unsafe step(&source, &target)
        count = unsafe target.pos
      }
    }
  }

  static func check(_ result: Int) throws(CommandError) {
    guard ZSTD_isError(result) != 0 else { return }
    throw CommandError(.corrupt, "zstd: \(unsafe String(cString: ZSTD_getErrorName(result)))")
  }
}
