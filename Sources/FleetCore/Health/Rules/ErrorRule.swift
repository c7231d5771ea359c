/// The share of requests answered with an error against the service level.
struct ErrorRule: Rule {
  /// Fewer errors are chance, where some are allowed.
  private static let leastErrors: UInt64 = 3

  /// A share of 1.
  private let limit: Double
  private let minimumRequests: UInt64
  private var watch = LimitWatch(Hysteresis(degradedAfter: 5, faultyAfter: 20, clearAfter: 10))

  init(slo: ServiceLevel, limits: HealthLimits) {
    limit = slo.errors
    minimumRequests = UInt64(max(1, limits.minimumRequests))
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    watch.update(measure(sample), at: sample)
    return [watch.finding(.errors, doubt: "too few requests since to tell", at: sample)].compactMap(\.self)
  }

  private func measure(_ sample: HealthSample) -> LimitWatch.Measure? {
    guard sample.requests >= minimumRequests else { return nil }
    var measure = LimitWatch.Measure(
      "share of errors",
      Double(sample.errors) / Double(sample.requests) * 100,
      over: limit * 100,
      clearBelow: 80 * limit,
      unit: "%",
      limitText: "the SLO of \(HealthText.rounded(limit * 100))%",
      samples: sample.requests
    )
    if measure.observation == .over, limit > 0, sample.errors < Self.leastErrors { measure.observation = .between }
    // No error at all is clear of every limit, also of one that allows none.
    if sample.errors == 0 { measure.observation = .clear }
    return measure
  }
}
