/// What a rollout is to do: which version, where, in which order, and by which rules. It never changes once made.
package struct RolloutPlan: Sendable, Equatable, Codable {
  package struct Store: Sendable, Equatable, Codable {
    package var name: String
    /// In the order in which they are switched, one after the other.
    package var nodes: [NodeName]

    package init(name: String, nodes: [NodeName]) {
      self.name = name
      self.nodes = nodes
    }
  }

  /// Names the rollout in journals and on screens.
  package var id: String
  package var version: ModelVersion
  package var digest: ModelDigest
  /// Each with its stores, in order.
  package var waves: [[Store]]
  package var strategy: RolloutStrategy
  package var orderedBy: String

  package init(
    id: String,
    version: ModelVersion,
    digest: ModelDigest,
    waves: [[Store]],
    strategy: RolloutStrategy,
    orderedBy: String
  ) {
    self.id = id
    self.version = version
    self.digest = digest
    self.waves = waves
    self.strategy = strategy
    self.orderedBy = orderedBy
  }

  /// Splits `nodes` into stores and those into the strategy's waves, in their order.
  package init(
    id: String,
    version: ModelVersion,
    digest: ModelDigest,
    nodes: [NodeName],
    strategy: RolloutStrategy,
    orderedBy: String
  ) {
    var stores: [Store] = []
    var places: [String: Int] = [:]
    for node in nodes {
      if let place = places[node.store] {
        if !stores[place].nodes.contains(node) { stores[place].nodes.append(node) }
      } else {
        places[node.store] = stores.count
        stores.append(Store(name: node.store, nodes: [node]))
      }
    }
    self.init(
      id: id,
      version: version,
      digest: digest,
      waves: strategy.waves.split(stores),
      strategy: strategy,
      orderedBy: orderedBy
    )
  }

  package var stores: [Store] { waves.flatMap { $0 } }

  package var nodes: [NodeName] { stores.flatMap(\.nodes) }
}
