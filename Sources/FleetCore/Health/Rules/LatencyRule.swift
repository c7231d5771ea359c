/// The p99 latency against the service level.
struct LatencyRule: Rule {
  /// A p99 that fewer slow requests make is chance: of 20 requests the slowest alone is the p99.
  static let leastSlow: UInt64 = 5

  private let limit: Double
  private let minimumRequests: UInt64
  private var watch = LimitWatch(Hysteresis(degradedAfter: 5, faultyAfter: 20, clearAfter: 10))

  init(slo: ServiceLevel, limits: HealthLimits) {
    limit = slo.p99.milliseconds
    minimumRequests = UInt64(max(1, limits.minimumRequests))
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    watch.update(measure(sample), at: sample)
    return [watch.finding(.latency, doubt: "too few requests since to tell", at: sample)].compactMap(\.self)
  }

  private func measure(_ sample: HealthSample) -> LimitWatch.Measure? {
    guard sample.requests >= minimumRequests else { return nil }
    return .p99(of: sample.latency, over: limit, limitText: "the SLO of \(HealthText.rounded(limit)) ms")
  }
}

extension LimitWatch.Measure {
  /// Nil when nothing was answered. Over the limit only when there are slow requests enough.
  static func p99(
    _ what: String = "p99",
    of latency: LatencyHistogram,
    over limit: Double,
    limitText: String
  ) -> Self? {
    guard let p99 = latency.milliseconds(atPercentile: 99) else { return nil }
    var measure = Self(
      what,
      p99,
      over: limit,
      clearBelow: 0.8 * limit,
      unit: "ms",
      limitText: limitText,
      samples: latency.count
    )
    if measure.observation == .over, latency.count(overMilliseconds: limit) < LatencyRule.leastSlow {
      measure.observation = .between
    }
    return measure
  }
}

extension LatencyHistogram {
  /// How many took longer than `limit`.
  func count(overMilliseconds limit: Double) -> UInt64 {
    var count: UInt64 = 0
    for bucket in buckets.reversed() {
      guard Double(bucket.microseconds) / 1000 > limit else { break }
      let (sum, overflow) = count.addingReportingOverflow(bucket.count)
      count = overflow ? .max : sum
    }
    return count
  }
}
