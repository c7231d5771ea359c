/// The p99 latency of each model against that of the store's other nodes with the same version: a box that is much slower than its twin is
/// sick, also within the service level.
struct LatencyOfSiblingsRule: Rule {
  private static let maximumModels = 64
  /// A node that is asked more than so many times as much may well be slower.
  private static let fairLoad = 2.0

  private let times: Double
  /// Slower by less than this is no matter, in milliseconds.
  private let least: Double
  private let minimumRequests: UInt64
  private var watches: [ModelVersion: LimitWatch] = [:]

  init(slo: ServiceLevel, limits: HealthLimits) {
    times = limits.timesSiblings
    least = 0.1 * slo.p99.milliseconds
    minimumRequests = UInt64(max(1, limits.minimumRequests))
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    var kept: [ModelVersion: LimitWatch] = [:]
    var findings: [Finding] = []
    for model in sample.models.prefix(Self.maximumModels) {
      var watch =
        watches[model.version]
        ?? LimitWatch(Hysteresis(degradedAfter: 15, faultyAfter: 60, clearAfter: 15))
      watch.update(measure(model, sample), at: sample)
      let name = model.version.name
      let doubt = "nothing to compare with since"
      if let finding = watch.finding(.latencyOfSiblings, subject: name, doubt: doubt, at: sample) {
        findings.append(finding)
      }
      kept[model.version] = watch
    }
    watches = kept
    return findings
  }

  private func measure(_ model: ModelWindow, _ sample: HealthSample) -> LimitWatch.Measure? {
    guard model.latency.count >= minimumRequests else { return nil }
    let twins = sample.siblings.filter(\.isServing).compactMap { sibling -> (name: NodeName, p99: Double)? in
      guard let latency = sibling.models.first(where: { $0.version == model.version })?.latency,
        latency.count >= minimumRequests, Double(model.latency.count) <= Self.fairLoad * Double(latency.count),
        let p99 = latency.milliseconds(atPercentile: 99)
      else { return nil }
      return (sibling.name, p99)
    }.sorted { $0.p99 < $1.p99 }
    // Of several the one in the middle, or the slower of two there: one that is oddly quick accuses nobody.
    guard !twins.isEmpty else { return nil }
    let twin = twins[twins.count / 2]
    let limit = max(twin.p99 * times, twin.p99 + least)
    return .p99(
      "p99 of \(model.version.name)",
      of: model.latency,
      over: limit,
      limitText: "\(HealthText.rounded(limit / twin.p99)) times the \(HealthText.rounded(twin.p99)) ms of \(twin.name)"
    )
  }
}
