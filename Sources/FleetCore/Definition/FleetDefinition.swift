/// What `fleet.yaml` says: the operator's view of the fleet.
package struct FleetDefinition: Sendable, Equatable {
  package var name: String
  package var slo: ServiceLevel
  /// How strict the health rules are.
  package var health: HealthLimits
  package var energy: Energy?
  /// When faulty nodes drain themselves.
  package var autoDrain = AutoDrainRule()
  package var models: [ModelSource]
  package var strategies: [RolloutStrategy]
  package var stores: [Store]
  /// Whether its boxes are simulations, as `fleet demo --simulate` writes it.
  package var isSimulated: Bool

  package init(
    name: String,
    slo: ServiceLevel = ServiceLevel(),
    health: HealthLimits = HealthLimits(),
    energy: Energy? = nil,
    models: [ModelSource] = [],
    strategies: [RolloutStrategy] = [],
    stores: [Store] = [],
    isSimulated: Bool = false
  ) {
    self.name = name
    self.slo = slo
    self.health = health
    self.energy = energy
    self.models = models
    self.strategies = strategies
    self.stores = stores
    self.isSimulated = isSimulated
  }

  package struct Store: Sendable, Equatable {
    package var name: String
    package var labels: [String: String]
    /// Whose clock hangs there, as the time zone database names it; nil when nobody says.
    package var timezone: String?
    package var nodes: [Node]

    package init(name: String, labels: [String: String] = [:], timezone: String? = nil, nodes: [Node] = []) {
      self.name = name
      self.labels = labels
      self.timezone = timezone
      self.nodes = nodes
    }
  }

  package struct Node: Sendable, Equatable {
    package var name: NodeName
    /// Where its agent answers the console, HOST:PORT.
    package var address: String
    /// The store's labels with the node's own laid over them.
    package var labels: [String: String]

    package init(name: NodeName, address: String, labels: [String: String] = [:]) {
      self.name = name
      self.address = address
      self.labels = labels
    }
  }

  /// Where the versions of a model lie on the operator's disk: `PATH/1`, `PATH/2`, ...
  package struct ModelSource: Sendable, Equatable {
    package var name: String
    package var path: String
    /// Which of them the nodes should serve; nil when the file leaves that open.
    package var desired: DesiredVersion?

    package init(name: String, path: String, desired: DesiredVersion? = nil) {
      self.name = name
      self.path = path
      self.desired = desired
    }
  }

  /// All nodes in the order of the file.
  package var nodes: [Node] { stores.flatMap(\.nodes) }

  package func node(_ name: NodeName) -> Node? {
    nodes.first { $0.name == name }
  }

  /// The strategy of that name; `default` is there also where the file does not say what it is. Throws `.notFound` with near
  /// names.
  package func strategy(named name: String = RolloutStrategy.defaultName) throws(CommandError) -> RolloutStrategy {
    if let strategy = strategies.first(where: { $0.name == name }) { return strategy }
    if name == RolloutStrategy.defaultName { return RolloutStrategy() }
    let known = strategies.map(\.name) + [RolloutStrategy.defaultName]
    let suggestion = NearName.hint(for: name, among: known)
    let hint = suggestion.isEmpty ? "; there is \(known.joined(separator: ", "))" : suggestion
    throw CommandError(.notFound, "no strategy '\(name)' in fleet.yaml\(hint)")
  }
}

/// What the operator promises the shops.
package struct ServiceLevel: Sendable, Equatable {
  package var p99: Duration
  /// Share of requests that may fail, 0 to 1.
  package var errors: Double
  /// Highest temperature of an accelerator, in degrees Celsius.
  package var celsius: Double

  package init(p99: Duration = .milliseconds(100), errors: Double = 0.01, celsius: Double = 85) {
    self.p99 = p99
    self.errors = errors
    self.celsius = celsius
  }
}

package struct Energy: Sendable, Equatable {
  package var pricePerKilowattHour: Double
  /// As it is shown, such as `EUR`.
  package var currency: String

  package init(pricePerKilowattHour: Double, currency: String) {
    self.pricePerKilowattHour = pricePerKilowattHour
    self.currency = currency
  }

  /// What drawing `watts` for a day costs; as much an estimate as the watts are.
  package func costPerDay(watts: Reading) -> Reading {
    watts.map { $0 * 24 / 1000 * pricePerKilowattHour }
  }
}
