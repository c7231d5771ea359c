package import FleetCore

/// Makes the counters of successive engine processes one: a frame's counters never go back while the agent lives.
/// What an engine did between its last report and its death is lost.
package struct CumulativeCounters: Sendable, Equatable {
  /// What engines that are gone had done, by model name.
  private var base: [String: ModelStatus] = [:]
  private var latest: [String: ModelStatus] = [:]

  package init() {}

  /// Takes a report of the engine that runs now. False when it is older than what is known already: an engine's own counters never go
  /// back, but answers to two questions may change places on their way.
  package mutating func report(_ models: [ModelStatus]) -> Bool {
    let isOld = models.contains { model in latest[model.name].map { Self.wentBack(model, since: $0) } ?? false }
    guard !isOld else { return false }
    for model in models { latest[model.name] = model }
    return true
  }

  /// The engine is gone: what it had done is added to the base.
  package mutating func engineEnded() {
    for model in latest.values { retire(model) }
    latest = [:]
  }

  /// `models` of the newest report, with everything that earlier engines had done.
  package func total(_ models: [ModelStatus]) -> [ModelStatus] {
    models.map { model in base[model.name].map { Self.sum($0, model) } ?? model }
  }

  /// All models together, for the health rules: requests, errors and their latencies.
  package var sum: (requests: UInt64, errors: UInt64, latency: LatencyHistogram) {
    let all = Array(base.values) + Array(latest.values)
    return (
      all.reduce(0) { $0 + $1.requests },
      all.reduce(0) { $0 + $1.errors },
      LatencyHistogram(all.flatMap(\.latency.buckets))
    )
  }

  /// Requests handed to siblings by all engines of this agent.
  package var handedOff: UInt64 {
    (Array(base.values) + Array(latest.values)).reduce(0) { $0 + $1.handedOff }
  }

  private mutating func retire(_ model: ModelStatus) {
    base[model.name] = base[model.name].map { Self.sum($0, model) } ?? model
  }

  private static func wentBack(_ model: ModelStatus, since before: ModelStatus) -> Bool {
    model.requests < before.requests || model.errors < before.errors || model.handedOff < before.handedOff
      || model.latency.since(before.latency) == nil
  }

  /// Counters of both, everything else as `newer` has it.
  private static func sum(_ older: ModelStatus, _ newer: ModelStatus) -> ModelStatus {
    var sum = newer
    sum.requests += older.requests
    sum.errors += older.errors
    sum.handedOff += older.handedOff
    sum.latency = older.latency.merged(with: newer.latency)
    sum.queueTime = older.queueTime.merged(with: newer.queueTime)
    sum.computeTime = older.computeTime.merged(with: newer.computeTime)
    return sum
  }
}
