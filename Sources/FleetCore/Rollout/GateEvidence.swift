/// Something measured, or why it could not be. Unknown is not zero.
package enum Evidence<Value: Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
  case known(Value, isEstimate: Bool = false)
  case absent(String)

  package var value: Value? {
    if case .known(let value, _) = self { value } else { nil }
  }

  package var absence: String? {
    if case .absent(let why) = self { why } else { nil }
  }

  package func map<Other>(_ transform: (Value) -> Other) -> Evidence<Other> {
    switch self {
    case .known(let value, let isEstimate): .known(transform(value), isEstimate: isEstimate)
    case .absent(let why): .absent(why)
    }
  }
}

extension Evidence<Double> {
  package init(_ reading: Reading) {
    switch reading {
    case .measured(let value): self = .known(value)
    case .estimated(let value): self = .known(value, isEstimate: true)
    case .absent(let why): self = .absent(why)
    }
  }
}

/// What one version did on one node over some time.
package struct GateWindow: Sendable, Equatable, Codable {
  package var seconds: Double
  package var requests: Evidence<UInt64>
  package var errors: Evidence<UInt64>
  package var latency: Evidence<LatencyHistogram>
  package var joules: Evidence<Double>
  package var watts: Evidence<Double>
  package var celsius: Evidence<Double>
  package var utilization: Evidence<Double>
  package var golden: Evidence<GoldenResult>

  package init(
    seconds: Double,
    requests: Evidence<UInt64>,
    errors: Evidence<UInt64>,
    latency: Evidence<LatencyHistogram>,
    joules: Evidence<Double>,
    watts: Evidence<Double>,
    celsius: Evidence<Double>,
    utilization: Evidence<Double>,
    golden: Evidence<GoldenResult> = .absent("its golden set was not asked for")
  ) {
    self.seconds = seconds
    self.requests = requests
    self.errors = errors
    self.latency = latency
    self.joules = joules
    self.watts = watts
    self.celsius = celsius
    self.utilization = utilization
    self.golden = golden
  }

  /// Nothing is known, all for one reason.
  package static func absent(_ why: String) -> GateWindow {
    GateWindow(
      seconds: 0,
      requests: .absent(why),
      errors: .absent(why),
      latency: .absent(why),
      joules: .absent(why),
      watts: .absent(why),
      celsius: .absent(why),
      utilization: .absent(why),
      golden: .absent(why)
    )
  }

  /// One measure of it, in the measure's unit. Absent when fewer than `minimumSamples` requests speak for it.
  package func value(of measure: GateMeasure, minimumSamples: Int) -> Evidence<Double> {
    var samples = 0.0
    if measure.needsSamples || measure == .requestsPerSecond {
      guard let requests = requests.value else { return .absent(requests.absence ?? "no requests") }
      samples = Double(requests)
      if measure.needsSamples, samples < Double(max(1, minimumSamples)) {
        return .absent("\(requests) of the \(max(1, minimumSamples)) requests that it takes")
      }
    }
    let value: Evidence<Double>
    switch measure {
    case .p50: value = percentile(50)
    case .p99: value = percentile(99)
    case .errors: value = errors.map { Double($0) / samples }
    case .joulesPerInference: value = joules.map { $0 / samples }
    case .watts: value = watts
    case .celsius: value = celsius
    case .utilization: value = utilization
    case .requestsPerSecond: value = seconds > 0 ? .known(samples / seconds) : .absent("no time has passed")
    case .accuracy:
      switch golden {
      case .known(let result, _): value = result.accuracy.map { .known($0) } ?? .absent("its golden set is empty")
      case .absent(let why): value = .absent(why)
      }
    }
    if let number = value.value, !number.isFinite { return .absent("not a number") }
    return value
  }

  private func percentile(_ percentile: Double) -> Evidence<Double> {
    switch latency {
    case .known(let histogram, let isEstimate):
      histogram.milliseconds(atPercentile: percentile).map { .known($0 / 1000, isEstimate: isEstimate) }
        ?? .absent("no latency was recorded")
    case .absent(let why): .absent(why)
    }
  }
}

/// What a gate decides on: the new version on one node, and the version that the same node served before.
package struct GateEvidence: Sendable, Equatable {
  package var now: GateWindow
  package var before: GateWindow

  package init(now: GateWindow, before: GateWindow) {
    self.now = now
    self.before = before
  }
}
