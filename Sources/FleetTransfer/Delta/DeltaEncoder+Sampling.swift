package import FleetCore

extension DeltaEncoder {
  private static var samples: UInt64 { 16 }
  private static var sampleBytes: UInt64 { 64 * 1024 }
  /// Of the difference, no less than this part of what the file itself takes is not worth reading both for.
  private static var littleGain: Double { 0.9 }

  /// Whether it is worth making deltas to see how long they become. A large file that shares nothing with its base place by place is
  /// not; what moved within one is not looked for.
  package func looksPromising() throws(CommandError) -> Bool {
    guard let base else { return false }
    let count = result.source.count
    guard count == base.source.count, count > Self.samples * Self.sampleBytes else {
      return isPossible(.subtract) || isPossible(.prefix)
    }
    var (own, difference) = (0, 0)
    for index in 0..<Self.samples {
      let place = (count - Self.sampleBytes) / (Self.samples - 1) * index
      var sample = try result.source.bytes(at: place, count: Int(Self.sampleBytes))
      own += try Self.length(of: sample)
      let old = try base.source.bytes(at: place, count: Int(Self.sampleBytes))
      for index in sample.indices { sample[index] &-= old[index] }
      difference += try Self.length(of: sample)
    }
    return Double(difference) < Self.littleGain * Double(own)
  }

  private static func length(of sample: [UInt8]) throws(CommandError) -> Int {
    var length = 0
    try ZstdCompressor(ZstdSettings(level: 1)).add(sample, isLast: true) { length += $0.count }
    return length
  }
}
