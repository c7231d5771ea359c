import FoundationEssentials

@testable import FleetCore

/// Gives a monitor one sample a second, from 0 on, and collects what it says.
struct RuleStory {
  static let store = "denver-02"
  static let version = ModelVersion(name: "tag-reader", number: 1)
  static let slo = ServiceLevel(p99: .milliseconds(50), errors: 0.01, celsius: 85)

  var monitor: HealthMonitor
  var seconds = 0.0
  /// How long it is from one sample to the next.
  var step = 1.0
  /// What only counts up.
  var joules = 0.0
  var inferences: UInt64 = 0
  var throttles = 0.0
  private(set) var verdicts: [HealthVerdict] = []

  init(limits: HealthLimits = HealthLimits()) {
    monitor = HealthMonitor(slo: Self.slo, limits: limits)
  }

  var health: Health { verdicts.last?.health ?? .healthy }
  var reasons: [String] { verdicts.last?.reasons ?? [] }
  var findings: [Finding] { verdicts.last?.findings ?? [] }

  /// Such as `5 healthy, 15 degraded`.
  var story: String {
    var runs: [(Health, Int)] = []
    for health in verdicts.map(\.health) {
      if let last = runs.indices.last, runs[last].0 == health {
        runs[last].1 += 1
      } else {
        runs.append((health, 1))
      }
    }
    return runs.map { "\($1) \($0.rawValue)" }.joined(separator: ", ")
  }

  /// Samples of a node that answers 100 requests in each window, all in 10 ms, changed by `change`.
  mutating func run(for count: Int, _ change: (inout HealthSample, inout RuleStory) -> Void = { _, _ in }) {
    for _ in 0..<count {
      var sample = HealthSample(
        seconds: seconds,
        date: Date(timeIntervalSince1970: 1_780_000_000 + seconds),
        requests: 100,
        celsius: .measured(50),
        diskFreeBytes: .measured(40e9),
        probes: [ProbeReport(name: "disk", seconds: 0)]
      )
      sample.answer(milliseconds: 10)
      change(&sample, &self)
      verdicts.append(monitor.update(sample))
      seconds += step
    }
  }

  /// Forgets what was said so far.
  mutating func forget() { verdicts = [] }
}

extension HealthSample {
  /// As if all requests of the window had taken that long.
  mutating func answer(milliseconds: Double) {
    latency = .all(requests, milliseconds: milliseconds)
    models = [ModelWindow(version: RuleStory.version, latency: latency)]
  }

  /// As if a sibling had answered as many.
  mutating func addSibling(_ node: String, milliseconds: Double, requests: UInt64 = 100, ahead: Double? = nil) {
    siblings.append(
      SiblingSample(
        name: NodeName(store: RuleStory.store, node: node),
        isServing: true,
        models: [ModelWindow(version: RuleStory.version, latency: .all(requests, milliseconds: milliseconds))],
        clock: ahead.map { ClockDifference(secondsAhead: $0, uncertainty: 0.01) }
      )
    )
  }
}

extension LatencyHistogram {
  fileprivate static func all(_ count: UInt64, milliseconds: Double) -> LatencyHistogram {
    LatencyHistogram([Bucket(microseconds: UInt64((max(0, milliseconds) * 1000).rounded()), count: count)])
  }
}
