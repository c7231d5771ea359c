package import FoundationEssentials

/// Something that was done to a node or happened to it, which may explain what came after.
package struct NodeChange: Sendable, Equatable, Codable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case activated
    case rolledBack = "rolled_back"
    /// The agent itself gave a version up.
    case retired
    case drained
    case undrained
    case autoDrained = "auto_drained"
    case engineStarted = "engine_started"
    case engineCrashed = "engine_crashed"
    case agentStarted = "agent_started"
  }

  /// A node tells no more than this many, the newest.
  package static let maximumCount = 64

  /// On the node's clock.
  package var time: Date
  package var kind: Kind
  /// For a person.
  package var text: String
  /// The person or rule that had it done; nil for what came by itself.
  package var orderedBy: String?

  package init(time: Date, kind: Kind, text: String, orderedBy: String? = nil) {
    self.time = time
    self.kind = kind
    self.text = text
    self.orderedBy = orderedBy
  }
}
