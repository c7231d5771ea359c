package import FleetCore

/// Several nodes as one: a store, or the fleet. Only nodes with fresh news count, and percentiles come from merged
/// histograms, never from averages of percentiles.
package struct Aggregate: Sendable, Equatable {
  package var nodes = 0
  package var conditions: [Condition: Int] = [:]
  package var serving = 0
  package var draining = 0
  package var drained = 0
  /// The versions served, each once, in order.
  package var versions: [ModelVersion] = []
  package var requestsPerSecond: Double?
  /// Of the reachable nodes with a model to serve, how many `requestsPerSecond` covers.
  package var requestsCoverage = Coverage()
  package var latency = LatencyHistogram()
  package var utilization: Reading
  package var watts: Reading
  /// Of the reachable nodes, how many `watts` covers.
  package var wattsCoverage = Coverage()
  package var celsius: Reading
  package var joulesPerInference: Reading

  /// How many parts of a sum are known: one that lacks some is a lower bound.
  package struct Coverage: Sendable, Equatable {
    package var known = 0
    package var all = 0

    package var isWhole: Bool { known == all }
  }

  package init(_ nodes: [NodeState], at now: Moment) {
    self.nodes = nodes.count
    for node in nodes { conditions[node.condition(at: now), default: 0] += 1 }
    let live = nodes.filter { $0.isReachable(at: now) }
    for node in live {
      switch node.last?.availability {
      case .draining: draining += 1
      case .drained: drained += 1
      default: if node.isServing(at: now) { serving += 1 }
      }
    }
    versions = Array(Set(live.flatMap { $0.metrics.models.map(\.version) })).sorted()
    requestsPerSecond = live.compactMap(\.metrics.requestsPerSecond).reduce(nil) { ($0 ?? 0) + $1 }
    let rated = live.filter { $0.metrics.requestsPerSecond != nil || !$0.metrics.models.isEmpty }
    requestsCoverage = Coverage(known: rated.count { $0.metrics.requestsPerSecond != nil }, all: rated.count)
    latency = LatencyHistogram(merging: live.lazy.map(\.metrics.latency))
    // Unknown is not zero: a sum over nodes of which one has no value is a sum of fewer nodes, and absent when all lack it.
    utilization = Self.known(live.map(\.metrics.utilization)) { NodeMetrics.mean($0) }
    watts = Self.known(live.map(\.metrics.watts)) { NodeMetrics.sum($0) }
    wattsCoverage = Coverage(known: live.count { $0.metrics.watts.value != nil }, all: live.count)
    celsius = Self.known(live.map(\.metrics.celsius)) {
      $0.max { ($0.value ?? 0) < ($1.value ?? 0) } ?? .absent("unknown")
    }
    let powered = live.filter { $0.metrics.windowJoules.value != nil }
    joulesPerInference = NodeMetrics.perInference(
      Self.known(powered.map(\.metrics.windowJoules)) { NodeMetrics.sum($0) },
      powered.reduce(0) { $0 + $1.metrics.windowRequests }
    )
  }

  package var p50: Double? { latency.milliseconds(atPercentile: 50) }
  package var p99: Double? { latency.milliseconds(atPercentile: 99) }

  /// The worst that is among them; unreachable ones are the worst of all.
  package var condition: Condition {
    for condition in [Condition.unreachable, .faulty, .degraded, .connecting] where conditions[condition] ?? 0 > 0 {
      return condition
    }
    return .healthy
  }

  private static func known(_ readings: [Reading], _ combine: ([Reading]) -> Reading) -> Reading {
    let values = readings.filter { $0.value != nil }
    if values.isEmpty { return readings.first ?? .absent("no node has news") }
    return combine(values)
  }
}
