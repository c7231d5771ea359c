internal import FleetCore

/// One row of the table.
enum FleetRow: Equatable {
  case store(String, [NodeState])
  case node(NodeState)

  var selection: Interface.Selection {
    switch self {
    case .store(let name, _): .store(name)
    case .node(let node): .node(node.name)
    }
  }
}

/// Which rows the table has, in which order, after filter, sort and collapse.
enum FleetRows {
  static func matching(_ state: FleetState) -> [NodeState] {
    state.interface.filter == .all ? state.nodes : state.nodes.filter { matches($0, state) }
  }

  static func matches(_ node: NodeState, _ state: FleetState) -> Bool {
    state.interface.filter.matches(node.name, labels: node.labels)
  }

  static func rows(_ state: FleetState) -> [FleetRow] {
    var groups: [(store: String, nodes: [NodeState])] = []
    for node in matching(state) {
      if groups.last?.store == node.name.store {
        groups[groups.count - 1].nodes.append(node)
      } else {
        groups.append((node.name.store, [node]))
      }
    }
    let sort = state.interface.sort
    if sort != .name {
      groups = sorted(groups) { rank(Aggregate($0.nodes, at: state.now), by: sort) }
    }
    return groups.flatMap { group in
      let header = FleetRow.store(group.store, group.nodes)
      guard !state.interface.collapsed.contains(group.store) else { return [header] }
      let nodes = sort == .name ? group.nodes : sorted(group.nodes) { rank($0, by: sort, at: state.now) }
      return [header] + nodes.map { .node($0) }
    }
  }

  /// Highest first; equals keep their order, so rows do not dance.
  private static func sorted<Element>(_ elements: [Element], by rank: (Element) -> Double) -> [Element] {
    elements.enumerated().map { ($0.offset, rank($0.element), $0.element) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
      .map(\.2)
  }

  private static func rank(_ sum: Aggregate, by key: SortKey) -> Double {
    switch key {
    case .name: 0
    case .health: rank(sum.condition)
    case .requests: sum.requestsPerSecond ?? -1
    case .p99: sum.p99 ?? -1
    case .utilization: sum.utilization.value ?? -1
    case .watts: sum.watts.value ?? -1
    }
  }

  /// What is not known now ranks lowest, as in a sum.
  private static func rank(_ node: NodeState, by key: SortKey, at now: Moment) -> Double {
    if key == .health { return rank(node.condition(at: now)) }
    guard node.isReachable(at: now) else { return -1 }
    return switch key {
    case .name, .health: 0
    case .requests: node.metrics.requestsPerSecond ?? -1
    case .p99: node.metrics.latency.milliseconds(atPercentile: 99) ?? -1
    case .utilization: node.metrics.utilization.value ?? -1
    case .watts: node.metrics.watts.value ?? -1
    }
  }

  private static func rank(_ condition: Condition) -> Double {
    let order: [Condition] = [.healthy, .connecting, .degraded, .faulty, .unreachable]
    return Double(order.firstIndex(of: condition) ?? 0)
  }
}
