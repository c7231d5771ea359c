internal import FleetCore
internal import FleetTransfer

/// Whether bytes are compressed on their way: when the line is the thinner end, and there is something to gain.
enum WireEncoding {
  /// Bytes per second at which compressing them costs more time than it saves.
  static let fastLine = 64.0 * 1_048_576
  /// Of a sample that is compressed, hardly less than the sample.
  static let littleGain = 0.95
  private static let sampleBytes = 64 * 1024

  /// `speed` is what the line carries, as far as it is known or allowed; nil for not known yet.
  static func choice(
    speed: Double?,
    taken: Set<FileTransfer.Encoding>,
    gain: () throws(CommandError) -> Double
  ) throws(CommandError) -> FileTransfer.Encoding {
    guard taken.contains(.zstd), let speed, speed < fastLine, try gain() < littleGain else { return .raw }
    return .zstd
  }

  /// What remains of each byte of `source`, by a few samples of it.
  static func remainder(of source: FileSource) throws(CommandError) -> Double {
    guard source.count > 0 else { return 1 }
    var taken = 0
    var given = 0
    for place in 0..<4 {
      let start = source.count / 4 * UInt64(place)
      let sample = try source.bytes(at: start, count: Int(min(UInt64(sampleBytes), source.count - start)))
      let compressor = try ZstdCompressor(ZstdSettings(level: 1))
      try compressor.add(sample, isLast: true) { given += $0.count }
      taken += sample.count
    }
    return Double(given) / Double(taken)
  }
}
