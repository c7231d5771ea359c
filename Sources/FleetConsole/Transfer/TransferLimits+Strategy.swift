package import FleetCore
package import FleetTransfer

extension TransferLimits {
  /// What a strategy allows.
  package init(_ strategy: RolloutStrategy) {
    self.init(node: strategy.nodeLimit, store: strategy.storeLimit, fleet: strategy.fleetLimit)
  }
}
