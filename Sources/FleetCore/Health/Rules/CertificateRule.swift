import FoundationEssentials

/// A node whose certificate has ended is not answered by consoles and siblings any more.
struct CertificateRule: Rule {
  private let warning: Double
  private var soonWatch = LimitWatch(Hysteresis(degradedAfter: 2, clearAfter: 10))
  private var endedWatch = LimitWatch(Hysteresis(degradedAfter: .infinity, faultyAfter: 2, clearAfter: 10))

  init(limits: HealthLimits) {
    warning = limits.certificateSeconds
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    let left = sample.certificateExpires.map { $0.timeIntervalSince(sample.date) }
    soonWatch.update(left.map { measure($0, limit: warning) }, at: sample)
    endedWatch.update(left.map { measure($0, limit: 0) }, at: sample)
    let watch = endedWatch.level > .healthy ? endedWatch : soonWatch
    guard var finding = watch.finding(.certificate, doubt: "nothing says so now", at: sample), let left else {
      return []
    }
    // The end itself is what matters, and it stands in the certificate.
    finding.text = Self.words(left)
    if left < 0 { finding.since = sample.certificateExpires }
    return [finding]
  }

  private func measure(_ left: Double, limit: Double) -> LimitWatch.Measure {
    LimitWatch.Measure(
      left < limit ? .over : left > 1.2 * limit ? .clear : .between,
      value: left / 86_400,
      limit: limit / 86_400,
      unit: "days",
      now: Self.words(left),
      before: "the certificate was about to expire",
      text: "a new one"
    )
  }

  private static func words(_ left: Double) -> String {
    left < 0
      ? "the certificate expired \(HealthText.time(-left)) ago; 'fleet ca issue' makes a new one"
      : "the certificate expires in \(HealthText.time(left)); 'fleet ca issue' makes a new one"
  }
}
