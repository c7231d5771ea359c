/// Cumulative counts of latencies, kept sparse: only buckets that hold something.
///
/// Buckets are those of `LatencyRecorder`, the same on every node, so histograms of a store or a fleet merge exactly and
/// percentiles of the merged one are as exact as those of one node (within the bucket width, under 1%).
package struct LatencyHistogram: Sendable, Equatable, Codable {
  /// One bucket: the highest latency that falls into it, and how many did.
  package struct Bucket: Sendable, Equatable, Codable {
    package var microseconds: UInt64
    package var count: UInt64

    package init(microseconds: UInt64, count: UInt64) {
      self.microseconds = microseconds
      self.count = count
    }
  }

  /// Ascending by latency, none empty.
  package private(set) var buckets: [Bucket]

  package init() {
    buckets = []
  }

  package init(from decoder: any Decoder) throws {
    self.init(try decoder.container(keyedBy: CodingKeys.self).decode([Bucket].self, forKey: .buckets))
  }

  private enum CodingKeys: CodingKey {
    case buckets
  }

  /// Takes buckets in any order; equal latencies add up and empty ones are dropped. Counts that no engine can reach, as only a
  /// hostile sender has them, end at the highest number.
  package init(_ unordered: some Sequence<Bucket>) {
    var sorted: [Bucket] = []
    for bucket in unordered.sorted(by: { $0.microseconds < $1.microseconds }) where bucket.count > 0 {
      if let last = sorted.indices.last, sorted[last].microseconds == bucket.microseconds {
        sorted[last].count = Self.sum(sorted[last].count, bucket.count)
      } else {
        sorted.append(bucket)
      }
    }
    buckets = sorted
  }

  /// Counts of all together. Many nodes have few latencies between them, since all count in the same buckets.
  package init(merging histograms: some Sequence<LatencyHistogram>) {
    var counts: [UInt64: UInt64] = [:]
    for histogram in histograms {
      for bucket in histogram.buckets {
        counts[bucket.microseconds] = Self.sum(counts[bucket.microseconds] ?? 0, bucket.count)
      }
    }
    self.init(counts.lazy.map { Bucket(microseconds: $0.key, count: $0.value) })
  }

  package var count: UInt64 {
    buckets.reduce(0) { Self.sum($0, $1.count) }
  }

  package var isEmpty: Bool { buckets.isEmpty }

  /// The latency in milliseconds that `percentile` (0 to 100) of the requests did not exceed; nil when there are none.
  package func milliseconds(atPercentile percentile: Double) -> Double? {
    let total = count
    guard total > 0 else { return nil }
    let share = min(max(percentile, 0), 100) / 100 * Double(total)
    let rank = max(1, UInt64(exactly: share.rounded(.up)) ?? total)
    var seen: UInt64 = 0
    for bucket in buckets {
      seen = Self.sum(seen, bucket.count)
      if seen >= rank { return Double(bucket.microseconds) / 1000 }
    }
    return buckets.last.map { Double($0.microseconds) / 1000 }
  }

  /// Counts of both together, as for a store of several nodes.
  package func merged(with other: LatencyHistogram) -> LatencyHistogram {
    LatencyHistogram(buckets + other.buckets)
  }

  /// What was recorded since `earlier`, a cumulative histogram of the same engine; nil when `earlier` holds counts that
  /// this one lacks, which means that the engine began anew in between.
  package func since(_ earlier: LatencyHistogram) -> LatencyHistogram? {
    var remaining: [Bucket] = []
    var index = earlier.buckets.startIndex
    for bucket in buckets {
      var count = bucket.count
      if index < earlier.buckets.endIndex {
        let old = earlier.buckets[index]
        if old.microseconds < bucket.microseconds { return nil }
        if old.microseconds == bucket.microseconds {
          guard old.count <= count else { return nil }
          count -= old.count
          index += 1
        }
      }
      if count > 0 { remaining.append(Bucket(microseconds: bucket.microseconds, count: count)) }
    }
    return index == earlier.buckets.endIndex ? LatencyHistogram(remaining) : nil
  }

  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
