import FleetCore
import FoundationEssentials

extension Fleet_V1_NodeChange {
  init(_ change: NodeChange) {
    self.init()
    time = change.time.wireNanoseconds
    switch change.kind {
    case .activated: kind = .activated
    case .rolledBack: kind = .rolledBack
    case .retired: kind = .retired
    case .drained: kind = .drained
    case .undrained: kind = .undrained
    case .autoDrained: kind = .autoDrained
    case .engineStarted: kind = .engineStarted
    case .engineCrashed: kind = .engineCrashed
    case .agentStarted: kind = .agentStarted
    }
    text = WireValue.shortened(change.text)
    if let name = change.orderedBy { orderedBy = WireValue.shortened(name) }
  }
}

extension NodeChange {
  /// Nil for what only a newer agent knows.
  init?(wire: Fleet_V1_NodeChange, _ field: String) throws(CommandError) {
    let kind: Kind
    switch wire.kind {
    case .activated: kind = .activated
    case .rolledBack: kind = .rolledBack
    case .retired: kind = .retired
    case .drained: kind = .drained
    case .undrained: kind = .undrained
    case .autoDrained: kind = .autoDrained
    case .engineStarted: kind = .engineStarted
    case .engineCrashed: kind = .engineCrashed
    case .agentStarted: kind = .agentStarted
    case .unspecified, .UNRECOGNIZED: return nil
    }
    self.init(
      time: Date(wireNanoseconds: wire.time),
      kind: kind,
      text: try WireValue.text(wire.text, "\(field).text"),
      orderedBy: wire.hasOrderedBy ? try WireValue.text(wire.orderedBy, "\(field).ordered_by") : nil
    )
  }
}
