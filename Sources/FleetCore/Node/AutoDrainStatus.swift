package import FoundationEssentials

/// Where a node stands with draining itself.
package struct AutoDrainStatus: Sendable, Equatable {
  package enum Mode: String, Sendable, Codable, CaseIterable {
    case off
    /// Only says what it would do.
    case shadow
    case on
  }

  package enum Stage: String, Sendable, Codable, CaseIterable {
    /// Nothing to do, or not for long enough.
    case watching
    /// In shadow: it would be drained.
    case wouldDrain = "would_drain"
    /// It wants to drain itself and may not; `text` says why.
    case refused
    /// It drains itself, or has.
    case draining
    /// It serves again, under watch.
    case probation
    /// It came back faulty: a person has to undrain it.
    case held
  }

  package var mode: Mode
  package var stage: Stage
  /// For a person.
  package var text: String
  /// When `stage` began, on the node's clock.
  package var since: Date?
  /// Since when it says that it is about to drain itself, for consoles to object; nil when it is not.
  package var askingSince: Date?

  package init(
    mode: Mode,
    stage: Stage = .watching,
    text: String = "",
    since: Date? = nil,
    askingSince: Date? = nil
  ) {
    self.askingSince = askingSince
    self.mode = mode
    self.stage = stage
    self.text = text
    self.since = since
  }
}
