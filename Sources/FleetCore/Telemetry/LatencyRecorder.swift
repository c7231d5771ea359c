import Histogram

/// Counts latencies as they happen, in HdrHistogram's buckets of two significant digits from 1 microsecond to 10 minutes.
package struct LatencyRecorder: Sendable {
  private static let highestMicroseconds: UInt64 = 600_000_000
  private var histogram = Histogram<UInt64>(
    lowestDiscernibleValue: 1,
    highestTrackableValue: Self.highestMicroseconds,
    numberOfSignificantValueDigits: .two
  )

  package init() {}

  /// Values over 10 minutes count as 10 minutes.
  package mutating func record(microseconds: UInt64) {
    histogram.record(min(max(microseconds, 1), Self.highestMicroseconds))
  }

  package var snapshot: LatencyHistogram {
    LatencyHistogram(
      histogram.recordedValues().map { LatencyHistogram.Bucket(microseconds: $0.value, count: $0.count) }
    )
  }
}
