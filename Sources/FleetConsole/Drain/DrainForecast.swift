package import FleetCore

/// What draining nodes would mean, from what they last said. Nobody is asked and nothing is ordered.
package struct DrainForecast: Sendable, Equatable {
  /// A sibling and what it would have to take.
  package struct Heir: Sendable, Equatable {
    package var name: NodeName
    package var condition: Condition
    /// Why it takes nothing over; nil when it does.
    package var obstacle: String?
  }

  /// One model that the node serves.
  package struct Model: Sendable, Equatable {
    package var version: ModelVersion
    /// Requests a second that would move.
    package var load: Reading
    package var inFlight: UInt64
    /// Requests a second that the heirs could take on within the service level after these have moved; below zero it does not fit.
    package var capacityLeft: Reading
    /// In milliseconds, on the heirs, when it is shared evenly among them.
    package var p99Now: Reading
    package var p99Expected: Reading
    /// Whether one of the heirs serves it.
    package var isServedByOthers: Bool
  }

  package struct Node: Sendable, Equatable {
    package var name: NodeName
    package var condition: Condition
    package var availability: Availability?
    package var heirs: [Heir]
    package var models: [Model]
    /// Who sends its requests, busiest first; nil while it does not say.
    package var clients: [ClientTraffic]?
    /// Why it would not be drained, the worst first; empty when it would.
    package var obstacles: [String]
    /// What a person should know although it would be drained.
    package var doubts: [String]
    /// Whether only `--force` drains it.
    package var needsForce: Bool

    package var takers: [Heir] { heirs.filter { $0.obstacle == nil } }
    package var inFlight: UInt64 { models.reduce(0) { $0 + $1.inFlight } }
  }

  package var nodes: [Node]
  /// The service level's, in milliseconds.
  package var limit: Double

  /// Whether every one of them would be drained without force.
  package var isClear: Bool { nodes.allSatisfy(\.obstacles.isEmpty) }

  /// Nodes that are drained together do not take over from each other.
  package init(_ names: [NodeName], of state: FleetState) {
    limit = state.definition.slo.p99.milliseconds
    nodes = names.compactMap { name in
      state.node(name).map { Node($0, along: names, state) }
    }
  }
}

extension DrainForecast.Node {
  init(_ node: NodeState, along names: [NodeName], _ state: FleetState) {
    let now = state.now
    name = node.name
    condition = node.condition(at: now)
    availability = node.last?.availability
    heirs = Self.siblings(of: node, state).map { sibling in
      DrainForecast.Heir(
        name: sibling,
        condition: state.node(sibling)?.condition(at: now) ?? .connecting,
        obstacle: Self.obstacle(sibling, of: node, along: names, state)
      )
    }
    let takers = heirs.filter { $0.obstacle == nil }.compactMap { state.node($0.name) }
    models = node.metrics.models.map { DrainForecast.Model($0, of: node, to: takers, state) }
    clients = node.last?.drain.map(\.clients)
    needsForce = false
    obstacles = []
    doubts = []
    judge(node, state)
  }

  /// By the rules by which the store's nodes decide.
  private mutating func judge(_ node: NodeState, _ state: FleetState) {
    if condition == .unreachable || condition == .connecting {
      obstacles.append("\(condition.rawValue)\(node.linkError.map { " (\($0))" } ?? ""): it hears no order")
    }
    switch availability {
    case .drained: obstacles.append("drained already: \(node.last?.drain?.reason ?? "")")
    case .draining: doubts.append("it drains already: the order would change its words, deadline and force")
    case .serving, nil: break
    }
    if takers.isEmpty { refuse(lastOfAll(state)) }
    for model in models where !takers.isEmpty { judge(model) }
    let sick = takers.filter { $0.condition != .healthy }.map { "\($0.name) is \($0.condition.rawValue)" }
    if !sick.isEmpty, sick.count == takers.count {
      doubts.append("no healthy sibling: \(sick.joined(separator: ", "))")
    }
  }

  private mutating func judge(_ model: DrainForecast.Model) {
    guard model.isServedByOthers else { return refuse("nobody else serves '\(model.version.name)'") }
    guard let left = model.capacityLeft.value, left < 0 else { return }
    let text =
      "\(model.version): \(Format.rate(-left)) requests/s more than its siblings serve within the service level"
    // Of a faulty node any healthy one is better, so that it never stands in the way of its own drain.
    if condition == .faulty { doubts.append(text) } else { refuse(text) }
  }

  private mutating func refuse(_ why: String) {
    needsForce = true
    obstacles.append(why)
  }

  private func lastOfAll(_ state: FleetState) -> String {
    let rates = models.compactMap(\.load.value)
    let lost = rates.isEmpty ? "its requests" : "\(Format.rate(rates.reduce(0, +))) requests/s"
    if heirs.isEmpty { return "the only node of \(name.store): \(lost) would be refused" }
    let serving = heirs.filter { heir in state.node(heir.name)?.isServing(at: state.now) ?? false }
    return serving.isEmpty
      ? "the last serving node of \(name.store): \(lost) would be refused"
      : "the last healthy node of \(name.store): nobody that is well takes over"
  }

  /// Those that the node names itself, else the others of its store.
  private static func siblings(of node: NodeState, _ state: FleetState) -> [NodeName] {
    let named = node.description?.siblings ?? []
    return named.isEmpty ? state.siblings(of: node.name).map(\.name) : named
  }

  private static func obstacle(
    _ name: NodeName,
    of node: NodeState,
    along names: [NodeName],
    _ state: FleetState
  ) -> String? {
    if names.contains(name) { return "would be drained too" }
    guard let sibling = state.node(name) else { return "not in view" }
    let condition = sibling.condition(at: state.now)
    guard sibling.isReachable(at: state.now), let frame = sibling.last else {
      return condition.rawValue + (sibling.linkError.map { ": \($0)" } ?? "")
    }
    if frame.availability != .serving { return "\(frame.availability.rawValue) itself" }
    if frame.engine.state != .serving {
      return "its engine is \(frame.engine.state.rawValue)\(frame.engine.problem.map { ": \($0)" } ?? "")"
    }
    // A sick node is better than none for one that is sick too, as long as it is not quite broken.
    let isWellEnough = condition == .healthy || (condition == .degraded && node.last?.health != .healthy)
    if !isWellEnough { return "\(condition.rawValue) itself\(frame.reasons.first.map { ": \($0)" } ?? "")" }
    let served = Set(frame.models.map(\.name))
    let models = node.metrics.models.map(\.version.name)
    return models.isEmpty || models.contains(where: served.contains) ? nil : "serves none of its models"
  }
}
