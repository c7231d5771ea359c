package import FoundationEssentials

extension NodeChange {
  /// What a command has changed. Nil for one that changes nothing that is served, or found all as it should be.
  package init?(_ command: Command, _ outcome: Outcome, at time: Date) {
    switch (command, outcome) {
    case (.activate, .activated(let activation)):
      guard activation.loadMilliseconds > 0 else { return nil }
      let before = activation.previous.map { " after \($0)" } ?? ""
      self.init(time: time, kind: .activated, text: "activated \(activation.active)\(before)")
    case (.rollback, .activated(let activation)):
      self.init(time: time, kind: .rolledBack, text: "rolled back to \(activation.active)")
    case (.drain(let order), .draining):
      self.init(time: time, kind: .drained, text: "drained: \(order.reason)", orderedBy: order.orderedBy)
    case (.undrain(let person), .serving):
      self.init(time: time, kind: .undrained, text: "undrained", orderedBy: person)
    default: return nil
    }
  }
}
