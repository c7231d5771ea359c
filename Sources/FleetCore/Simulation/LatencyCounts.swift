/// Counts of latencies in buckets 3 to 6% wide, each made of whole buckets of `LatencyRecorder`, so that they merge with what
/// real nodes count. Coarse, because thousands of nodes keep three of these each.
struct LatencyCounts: Sendable, Equatable {
  /// Buckets of one octave.
  private static let parts = 16
  /// 1 microsecond to 17 s.
  private static let octaves = 21
  private static let size = octaves * parts

  private var counts = [UInt64](repeating: 0, count: Self.size)

  /// Which bucket a latency belongs to; what is longer than all of them goes into the last.
  static func index(microseconds: Double) -> Int {
    let value = UInt64(max(1, min(microseconds, 1e9)))
    guard value >= 16 else { return Int(value) }
    let shift = 59 - value.leadingZeroBitCount
    return min((shift + 1) * parts + Int(value >> shift) - parts, size - 1)
  }

  /// The highest latency of a bucket.
  static func microseconds(at index: Int) -> UInt64 {
    guard index >= parts else { return UInt64(index) }
    let shift = index / parts - 1
    return (UInt64(index % parts + parts) + 1) << UInt64(shift) - 1
  }

  mutating func add(_ count: UInt64, at index: Int) { counts[index] += count }

  /// `count` must have been added before.
  mutating func remove(_ count: UInt64, at index: Int) { counts[index] -= count }

  var histogram: LatencyHistogram {
    LatencyHistogram(
      counts.indices.lazy.filter { counts[$0] > 0 }
        .map { LatencyHistogram.Bucket(microseconds: Self.microseconds(at: $0), count: counts[$0]) }
    )
  }
}
