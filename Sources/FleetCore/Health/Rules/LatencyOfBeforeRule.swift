/// The p99 latency against what the node itself did in its last hour: finds what became slow and is still within the service level.
///
/// A fault of more than an hour is what the node always did, as far as this rule goes; the others still see it.
struct LatencyOfBeforeRule: Rule {
  private let times: Double
  /// Slower by less than this is no matter, in milliseconds.
  private let least: Double
  private let promised: Double
  private let minimumRequests: UInt64
  private var baseline = LatencyBaseline()
  private var versions: Set<ModelVersion> = []
  private var watch = Self.watch()

  init(slo: ServiceLevel, limits: HealthLimits) {
    times = limits.timesBefore
    promised = slo.p99.milliseconds
    least = 0.25 * promised
    minimumRequests = UInt64(max(1, limits.minimumRequests))
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    let versions = Set(sample.models.map(\.version))
    if versions != self.versions, !versions.isEmpty {
      // Another version has another latency: its gate looks at that.
      self.versions = versions
      baseline = LatencyBaseline()
      watch = Self.watch()
    }
    let measure = measure(sample)
    watch.update(measure, at: sample)
    if measure == nil, baseline.isEmpty, watch.level > .healthy { watch = Self.watch() }
    let isSlow = (sample.latency.milliseconds(atPercentile: 99) ?? 0) > promised
    let isUsual = watch.level == .healthy && (measure == nil || measure?.observation == .clear)
    let isGood = !isSlow && isUsual && sample.engineState == .serving
    baseline.take(sample.latency, isGood: isGood, at: sample.seconds)
    return [watch.finding(.latencyOfBefore, doubt: "too few requests since to tell", at: sample)].compactMap(\.self)
  }

  private func measure(_ sample: HealthSample) -> LimitWatch.Measure? {
    guard sample.requests >= minimumRequests, let before = baseline.p99 else { return nil }
    let text = HealthText.rounded(before)
    return .p99(
      of: sample.latency,
      over: max(before * times, before + least),
      limitText: "\(HealthText.rounded(max(times, 1 + least / before))) times the \(text) ms of its last hour"
    )
  }

  private static func watch() -> LimitWatch {
    LimitWatch(Hysteresis(degradedAfter: 30, faultyAfter: 300, clearAfter: 15))
  }
}
