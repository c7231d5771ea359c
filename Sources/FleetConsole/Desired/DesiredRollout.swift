package import FleetCore

/// One version that is to come to nodes that do not serve what they should.
package struct DesiredRollout: Sendable, Equatable {
  package var version: ModelVersion
  /// In the order of `fleet.yaml`: those that serve something else, and those that did not answer, which may be back in time.
  package var nodes: [NodeName]

  package init(version: ModelVersion, nodes: [NodeName]) {
    self.version = version
    self.nodes = nodes
  }
}

extension FleetDifference {
  /// What has to be done, a rollout for each version. Nodes that did not answer are no reason for one by themselves: an order a day
  /// for a store that is closed would bring nothing. Nodes with an obstacle are left out: what failed for good is not tried again.
  /// `busy` are nodes that a rollout of the version is under way to already.
  package func rollouts(except busy: [ModelVersion: Set<NodeName>] = [:]) -> [DesiredRollout] {
    var order: [ModelVersion] = []
    var nodes: [ModelVersion: [NodeName]] = [:]
    var isNeeded: Set<ModelVersion> = []
    for entry in entries where entry.state != .same && entry.obstacle == nil {
      if busy[entry.desired]?.contains(entry.node) == true { continue }
      if nodes[entry.desired] == nil { order.append(entry.desired) }
      nodes[entry.desired, default: []].append(entry.node)
      if entry.state == .differs { isNeeded.insert(entry.desired) }
    }
    return order.filter(isNeeded.contains).map { DesiredRollout(version: $0, nodes: nodes[$0] ?? []) }
  }
}
