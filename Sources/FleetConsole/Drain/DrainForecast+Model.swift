internal import FleetCore

extension DrainForecast.Model {
  init(_ model: NodeMetrics.Model, of node: NodeState, to takers: [NodeState], _ state: FleetState) {
    version = model.version
    inFlight = model.inFlight
    load = Self.load(model.version.name, node)
    let limit = state.definition.slo.p99.milliseconds
    let name = model.version.name
    let takers = takers.filter { node in node.metrics.models.contains { $0.version.name == name } }
    isServedByOthers = !takers.isEmpty
    guard !takers.isEmpty else {
      capacityLeft = .absent("nobody takes over")
      p99Now = .absent("nobody takes over")
      p99Expected = .absent("nobody takes over")
      return
    }
    let loads = takers.map { Self.load(name, $0) }
    let capacities = takers.map { Self.capacity(name, $0) }
    let room = zip(capacities, loads).map { capacity, load in capacity.combined(with: load) { $0 - $1 } }
    capacityLeft = Self.estimate(NodeMetrics.sum(room).combined(with: load) { $0 - $1 })
    let latencies = takers.map { Self.p99(name, $0) }
    p99Now = Self.worst(latencies)
    let share = load.map { $0 / Double(takers.count) }
    p99Expected = Self.worst(
      zip(latencies, zip(loads, capacities)).map { p99, taker in
        Self.expected(p99: p99, load: taker.0, capacity: taker.1, more: share, limit: limit)
      }
    )
  }

  /// Of a node that says it, else what it did in the last 10 s.
  private static func load(_ model: String, _ node: NodeState) -> Reading {
    let told = node.last?.capacity.first { $0.model == model }?.load
    if let told, told.value != nil { return told }
    let rate = node.metrics.models.first { $0.version.name == model }?.requestsPerSecond
    return rate.map { .measured($0) } ?? told ?? .absent("\(node.name) has told no rate yet")
  }

  private static func capacity(_ model: String, _ node: NodeState) -> Reading {
    guard let capacity = node.last?.capacity.first(where: { $0.model == model }) else {
      return .absent("\(node.name) does not say its capacity")
    }
    if let reason = capacity.perSecond.absence { return .absent("\(node.name): \(reason)") }
    return capacity.perSecond
  }

  private static func p99(_ model: String, _ node: NodeState) -> Reading {
    let found = node.metrics.models.first { $0.version.name == model }?.latency.milliseconds(atPercentile: 99)
    return found.map { .measured($0) } ?? .absent("\(node.name) has answered nothing lately")
  }

  /// By the curve of a queue, `a / (1 - load / most)`, through what is measured now and the service level at the capacity. A guess of
  /// the right size, no promise.
  static func expected(p99: Reading, load: Reading, capacity: Reading, more: Reading, limit: Double) -> Reading {
    for reading in [p99, load, capacity, more] where reading.value == nil { return reading }
    guard let now = p99.value, let load = load.value, let capacity = capacity.value, let more = more.value else {
      return .absent("unknown")
    }
    let after = load + more
    guard capacity > load, limit > now else { return .absent("its p99 or load is at the service level already") }
    let most = (limit * capacity - now * load) / (limit - now)
    guard most.isFinite, most > 0, after < most else {
      return .absent("more than the sibling can serve: the queue would grow")
    }
    return .estimated(now * (1 - load / most) / (1 - after / most))
  }

  private static func estimate(_ reading: Reading) -> Reading { reading.value.map { .estimated($0) } ?? reading }

  /// Absent when one is: the worst may be that one.
  private static func worst(_ readings: [Reading]) -> Reading {
    if let absent = readings.first(where: { $0.value == nil }) { return absent }
    return readings.max { ($0.value ?? 0) < ($1.value ?? 0) } ?? .absent("nobody takes over")
  }
}
