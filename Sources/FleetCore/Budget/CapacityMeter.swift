/// Estimates how many requests a second a node could answer within its service level, from what it answers now: the time of a request
/// grows with 1 / (1 - utilization), as at any queue in front of one server. No clock of its own.
package struct CapacityMeter: Sendable {
  package static let windowSeconds = 30.0
  /// Fewer than this in the window say nothing about a 99th percentile.
  package static let minimumRequests: UInt64 = 100
  /// Nobody runs a node fuller than this, whatever its latency.
  static let fullest = 0.9
  /// Less than this is mostly noise; taken as this, it makes the estimate too low rather than too high.
  static let emptiest = 0.05
  /// What is asked more often is answered from the last time.
  private static let step = 1.0
  private static let markEvery = 5.0

  private struct Mark: Sendable {
    var seconds: Double
    var models: [String: (requests: UInt64, latency: LatencyHistogram)]
  }

  private let slo: Duration
  private var marks: [Mark] = []
  private var utilization: [(seconds: Double, value: Double)] = []
  private var last: (seconds: Double, capacity: [ModelCapacity])?

  package init(slo: Duration) {
    self.slo = slo
  }

  /// Takes the counters of now and how busy the node is, 0 to 1.
  package mutating func capacity(
    _ models: [ModelStatus],
    utilization reading: Reading,
    at seconds: Double
  ) -> [ModelCapacity] {
    if let last, seconds - last.seconds < Self.step * 0.9 { return last.capacity }
    if let value = reading.value { utilization.append((seconds, min(max(value, 0), 1))) }
    utilization.removeAll { seconds - $0.seconds > Self.windowSeconds }
    forget(before: seconds, models)
    if marks.last.map({ seconds - $0.seconds >= Self.markEvery }) ?? true {
      marks.append(Mark(seconds: seconds, models: Self.counts(models)))
    }
    let capacity = estimates(models, reading, at: seconds)
    last = (seconds, capacity)
    return capacity
  }

  private mutating func forget(before seconds: Double, _ models: [ModelStatus]) {
    // The newest mark that is at least a window old is where the window starts.
    if let start = marks.lastIndex(where: { seconds - $0.seconds >= Self.windowSeconds }) { marks.removeFirst(start) }
    // Another engine counts anew.
    let hasFallen = models.contains { model in
      marks.last?.models[model.name].map { $0.requests > model.requests } ?? false
    }
    if hasFallen { marks = [] }
  }

  private static func counts(_ models: [ModelStatus]) -> [String: (requests: UInt64, latency: LatencyHistogram)] {
    Dictionary(models.map { ($0.name, ($0.requests, $0.latency)) }, uniquingKeysWith: { first, _ in first })
  }

  private func estimates(_ models: [ModelStatus], _ reading: Reading, at seconds: Double) -> [ModelCapacity] {
    guard let start = marks.first, seconds - start.seconds >= Self.markEvery * 0.9 else {
      let absent = Reading.absent("it has been looked at for too short a time")
      return models.map { ModelCapacity(model: $0.name, perSecond: absent, load: absent) }
    }
    let span = seconds - start.seconds
    let recent = models.map { model in
      model.requests - min(start.models[model.name]?.requests ?? 0, model.requests)
    }
    let total = Double(recent.reduce(0, +)) / span
    return zip(models, recent).map { model, requests in
      let load = Double(requests) / span
      let window = start.models[model.name].flatMap { model.latency.since($0.latency) } ?? model.latency
      return ModelCapacity(
        model: model.name,
        perSecond: estimate(load, of: total, requests, window, reading),
        load: .measured(load)
      )
    }
  }

  private func estimate(
    _ load: Double,
    of total: Double,
    _ requests: UInt64,
    _ latency: LatencyHistogram,
    _ reading: Reading
  ) -> Reading {
    guard requests >= Self.minimumRequests, let p99 = latency.milliseconds(atPercentile: 99) else {
      return .absent("only \(requests) requests in the last \(Int(Self.windowSeconds)) s")
    }
    guard !utilization.isEmpty else {
      return .absent(reading.absence.map { "how busy it is: \($0)" } ?? "how busy it is is not known")
    }
    let mean = utilization.reduce(0) { $0 + $1.value } / Double(utilization.count)
    let busy = min(max(mean, Self.emptiest), 0.99)
    let bare = p99 * (1 - busy)
    let fullest = max(0, min(Self.fullest, 1 - bare / slo.milliseconds))
    return .estimated(max(0, load + total * (fullest / busy - 1)))
  }
}
