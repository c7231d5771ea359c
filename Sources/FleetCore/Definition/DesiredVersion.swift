/// Which version of a model the nodes should serve: `{version: 2, canary: {to: 'tier=canary', version: 3}}`.
package struct DesiredVersion: Sendable, Equatable {
  /// Nodes that are ahead of the others.
  package struct Canary: Sendable, Equatable {
    package var to: QueryText
    package var number: Int

    package init(to: QueryText, number: Int) {
      self.to = to
      self.number = number
    }
  }

  package var number: Int
  /// The nodes that should serve it.
  package var to: QueryText
  /// Goes before `to`.
  package var canary: Canary?
  /// The strategy by which it comes to them; nil for the default.
  package var strategy: String?

  package init(number: Int, to: QueryText = .all, canary: Canary? = nil, strategy: String? = nil) {
    self.number = number
    self.to = to
    self.canary = canary
    self.strategy = strategy
  }

  /// What a node should serve; nil when nothing is said of it.
  package func number(for node: FleetDefinition.Node) -> Int? {
    if let canary, canary.to.matches(node) { return canary.number }
    return to.matches(node) ? number : nil
  }
}

extension FleetDefinition {
  /// Whether the file says of any model which version should run.
  package var hasDesiredVersions: Bool { models.contains { $0.desired != nil } }
}
