import FleetCore

extension Fleet_V1_LatencyHistogram {
  /// Steps instead of latencies: most then take one or two bytes.
  init(_ histogram: LatencyHistogram) {
    self.init()
    var last: UInt64 = 0
    for bucket in histogram.buckets {
      microsecondSteps.append(bucket.microseconds - last)
      counts.append(bucket.count)
      last = bucket.microseconds
    }
  }
}

extension LatencyHistogram {
  /// HdrHistogram with two significant digits up to 10 min has 3,072 buckets.
  private static let maximumBuckets = 4096
  private static let maximumMicroseconds: UInt64 = 1 << 40

  init(wire: Fleet_V1_LatencyHistogram, _ field: String) throws(CommandError) {
    let steps = try WireValue.list(wire.microsecondSteps, atMost: Self.maximumBuckets, field)
    guard steps.count == wire.counts.count else {
      throw WireValue.wrong(field, "\(steps.count) latencies for \(wire.counts.count) counts")
    }
    var microseconds: UInt64 = 0
    var total: UInt64 = 0
    var buckets: [Bucket] = []
    buckets.reserveCapacity(steps.count)
    for (step, count) in zip(steps, wire.counts) {
      guard step <= Self.maximumMicroseconds, microseconds + step <= Self.maximumMicroseconds else {
        throw WireValue.wrong(field, "a latency beyond any that nodes record")
      }
      guard step > 0 || buckets.isEmpty else { throw WireValue.wrong(field, "the same latency twice") }
      guard count > 0, count <= WireValue.maximumCount, total + count <= WireValue.maximumCount else {
        throw WireValue.wrong(field, "a count of \(count)")
      }
      microseconds += step
      total += count
      buckets.append(Bucket(microseconds: microseconds, count: count))
    }
    self.init(buckets)
  }
}
