/// How much of a model a node could serve within its service level, and how much it does.
package struct ModelCapacity: Sendable, Equatable {
  package var model: String
  /// Requests a second at which its p99 would still be within the service level: an estimate, absent with the reason.
  package var perSecond: Reading
  /// Requests a second now.
  package var load: Reading

  package init(model: String, perSecond: Reading, load: Reading) {
    self.model = model
    self.perSecond = perSecond
    self.load = load
  }
}
