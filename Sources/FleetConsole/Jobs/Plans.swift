package import FleetCore

/// A version to bring to nodes, in this order.
package struct PushPlan: Sendable, Equatable {
  package var model: LocalModel
  package var nodes: [NodeName]

  package init(model: LocalModel, nodes: [NodeName]) {
    self.model = model
    self.nodes = nodes
  }
}

package struct DrainPlan: Sendable, Equatable {
  package var nodes: [NodeName]
  package var order: DrainOrder

  package init(nodes: [NodeName], order: DrainOrder) {
    self.nodes = nodes
    self.order = order
  }
}

package struct RollbackPlan: Sendable, Equatable {
  /// The model's name.
  package var model: String
  package var nodes: [NodeName]

  package init(model: String, nodes: [NodeName]) {
    self.model = model
    self.nodes = nodes
  }
}
