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
    state.nodes.filter { state.interface.filter.matches($0.name, labels: $0.labels) }
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
      groups = sorted(groups) { rank($0.nodes, by: sort, at: state.now) }
    }
    return groups.flatMap { group in
      let header = FleetRow.store(group.store, group.nodes)
      guard !state.interface.collapsed.contains(group.store) else { return [header] }
      let nodes = sort == .name ? group.nodes : sorted(group.nodes) { rank([$0], by: sort, at: state.now) }
      return [header] + nodes.map { .node($0) }
    }
  }

  /// Highest first; equals keep their order, so rows do not dance.
  private static func sorted<Element>(_ elements: [Element], by rank: (Element) -> Double) -> [Element] {
    elements.enumerated().map { ($0.offset, rank($0.element), $0.element) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
      .map(\.2)
  }

  private static func rank(_ nodes: [NodeState], by key: SortKey, at now: Moment) -> Double {
    let aggregate = Aggregate(nodes, at: now)
    switch key {
    case .name: return 0
    case .health:
      let order: [Condition] = [.healthy, .connecting, .degraded, .faulty, .unreachable]
      return Double(order.firstIndex(of: aggregate.condition) ?? 0)
    case .requests: return aggregate.requestsPerSecond ?? -1
    case .p99: return aggregate.p99 ?? -1
    case .utilization: return aggregate.utilization.value ?? -1
    case .watts: return aggregate.watts.value ?? -1
    }
  }
}
