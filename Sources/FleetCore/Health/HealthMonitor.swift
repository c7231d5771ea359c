/// Turns samples into a verdict, with hysteresis: a rule must hold for a while before it speaks, and be well clear for a
/// while before it is silent. Too few requests are no evidence: then a rule keeps its last word.
package struct HealthMonitor: Sendable {
  /// Window over which latency and errors are judged.
  package static let windowSeconds = 10.0
  /// Fewer requests than this in the window say nothing about latency or errors.
  static let minimumRequests: UInt64 = 20
  static let restartWindowSeconds = 300.0

  private let slo: ServiceLevel
  private var latency = Hysteresis(degradedAfter: 5, faultyAfter: 20, clearAfter: 10)
  private var errors = Hysteresis(degradedAfter: 5, faultyAfter: 20, clearAfter: 10)
  private var temperature = Hysteresis(degradedAfter: 10, faultyAfter: 120, clearAfter: 30)
  private var latencyEvidence = Evidence()
  private var errorEvidence = Evidence()
  private var temperatureEvidence = Evidence()
  private var restarts: [(seconds: Double, total: UInt64)] = []
  private var lastRestarts: UInt64?

  package init(slo: ServiceLevel) {
    self.slo = slo
  }

  /// Takes one sample and gives the verdict with its reasons, worst first.
  package mutating func update(_ sample: HealthSample) -> (health: Health, reasons: [String]) {
    let findings = [engine(sample), latency(sample), errors(sample), temperature(sample)].compactMap { $0 }
    let sorted = findings.enumerated().sorted {
      ($1.element.health, $0.offset) < ($0.element.health, $1.offset)
    }.map(\.element)
    return (sorted.first?.health ?? .healthy, sorted.map(\.reason))
  }

  private typealias Finding = (health: Health, reason: String)

  private mutating func engine(_ sample: HealthSample) -> Finding? {
    if let before = lastRestarts, sample.engineRestarts > before {
      restarts.append((sample.seconds, sample.engineRestarts - before))
    }
    lastRestarts = sample.engineRestarts
    restarts.removeAll { sample.seconds - $0.seconds > Self.restartWindowSeconds }
    let recent = restarts.reduce(0) { $0 + $1.total }
    let cause = sample.engineProblem.map { ": \($0)" } ?? ""
    switch sample.engineState {
    case .hung: return (.faulty, "the engine does not answer\(cause)")
    case .restarting: return (.faulty, "the engine is being restarted\(cause)")
    case .failed: return (.faulty, "the engine cannot serve\(cause)")
    case .idle: return (.degraded, "there is no model to serve\(cause)")
    case .starting where recent > 0: return (.faulty, "the engine is starting again\(cause)")
    case .starting, .serving: break
    }
    guard let newest = restarts.last else { return nil }
    if recent >= 3 { return (.faulty, "the engine ended \(recent) times within 5 min") }
    guard sample.seconds - newest.seconds <= 60 else { return nil }
    return (.degraded, "the engine was restarted \(Int(sample.seconds - newest.seconds)) s ago\(cause)")
  }

  private mutating func latency(_ sample: HealthSample) -> Finding? {
    if sample.requests >= Self.minimumRequests, let p99 = sample.p99Milliseconds {
      let limit = slo.p99.milliseconds
      latency.update(p99 > limit ? .over : p99 < 0.8 * limit ? .clear : .between, at: sample.seconds)
      latencyEvidence = Evidence(
        isOver: latency.last == .over,
        subject: "p99",
        value: "\(Self.rounded(p99)) ms",
        limit: "the SLO of \(Self.rounded(limit)) ms"
      )
    } else {
      latency.update(.unknown, at: sample.seconds)
    }
    return finding(latency, latencyEvidence, doubt: "too few requests since to tell", at: sample.seconds)
  }

  private mutating func errors(_ sample: HealthSample) -> Finding? {
    if sample.requests >= Self.minimumRequests {
      let share = Double(sample.errors) / Double(sample.requests)
      // No error at all is clear of every limit, also of one that allows none.
      let isClear = sample.errors == 0 || share < 0.8 * slo.errors
      errors.update(share > slo.errors ? .over : isClear ? .clear : .between, at: sample.seconds)
      errorEvidence = Evidence(
        isOver: errors.last == .over,
        subject: "share of errors",
        value: "\(Self.rounded(share * 100))%",
        limit: "the SLO of \(Self.rounded(slo.errors * 100))%"
      )
    } else {
      errors.update(.unknown, at: sample.seconds)
    }
    return finding(errors, errorEvidence, doubt: "too few requests since to tell", at: sample.seconds)
  }

  private mutating func temperature(_ sample: HealthSample) -> Finding? {
    if let celsius = sample.celsius.value {
      let limit = slo.celsius
      temperature.update(celsius > limit ? .over : celsius < limit - 5 ? .clear : .between, at: sample.seconds)
      temperatureEvidence = Evidence(
        isOver: temperature.last == .over,
        subject: "temperature",
        value: "\(Self.rounded(celsius)) °C",
        limit: "the limit of \(Self.rounded(limit)) °C"
      )
    } else {
      temperature.update(.unknown, at: sample.seconds)
    }
    return finding(temperature, temperatureEvidence, doubt: "no reading since", at: sample.seconds)
  }

  private func finding(_ rule: Hysteresis, _ evidence: Evidence, doubt: String, at seconds: Double) -> Finding? {
    guard rule.level > .healthy else { return nil }
    let age = Int(rule.secondsOver(at: seconds))
    return (rule.level, evidence.sentence(seconds: age) + (rule.last == .unknown ? ", and \(doubt)" : ""))
  }

  /// What was last measured, said so that it stays true when the value is under its limit again and the rule still speaks.
  private struct Evidence {
    var isOver = false
    var subject = ""
    var value = ""
    var limit = ""

    func sentence(seconds: Int) -> String {
      isOver
        ? "\(subject) \(value) is over \(limit) for \(seconds) s"
        : "\(subject) was over \(limit) for \(seconds) s, now \(value)"
    }
  }

  private static func rounded(_ value: Double) -> String {
    // A broken sensor may say anything; only what fits an integer is shortened.
    guard value.magnitude < 1e15 else { return String(value) }
    let tenths = (value * 10).rounded() / 10
    return value >= 100 || tenths == tenths.rounded() ? String(Int(value.rounded())) : String(tenths)
  }
}
