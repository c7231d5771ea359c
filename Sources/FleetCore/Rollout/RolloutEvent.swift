/// What a node answers to when asked for a model.
package struct NodeVersion: Sendable, Equatable, Codable {
  package var version: ModelVersion
  package var digest: ModelDigest

  package init(version: ModelVersion, digest: ModelDigest) {
    self.version = version
    self.digest = digest
  }
}

/// What an operator may say to a rollout, and who said it.
package struct RolloutControl: Sendable, Equatable, Codable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// Begins no further node; those in the middle of it finish.
    case pause
    case resume
    /// Ends it here: what has passed stays, what has not is rolled back.
    case cancel
    /// Rolls back every node that was switched, also those of earlier waves; also once the rollout has ended.
    case undo
  }

  package var kind: Kind
  package var by: String

  package init(_ kind: Kind, by: String) {
    self.kind = kind
    self.by = by
  }
}

/// Everything that a rollout can learn. Its state is nothing but what the events made of it, in order: a journal of them with
/// their times is all that it takes to go on after the driver has died.
///
/// An event that does not fit the node's phase comes late or twice and changes nothing.
package enum RolloutEvent: Sendable, Equatable, Codable {
  /// A driver took the rollout up, for the first time or again. Steps under way are begun again, with their full time.
  case attached
  /// Time has passed; what is overdue ends.
  case tick
  case control(RolloutControl)
  /// The node answered; what it serves of the model, nil for nothing.
  case reachable(NodeName, serving: NodeVersion?)
  /// The link to it is gone, and trying again for a while did not help.
  case unreachable(NodeName, String)
  /// No bytes may go to its store before that Unix time: its hours are over. How many bytes it took until then.
  case closed(NodeName, until: Double, sentBytes: UInt64)
  /// What the version before did, measured before anything was touched.
  case measured(NodeName, GateWindow)
  /// Its files are complete and verified; how many bytes it took of the line, and how they came (nil in journals of before).
  case transferred(NodeName, sentBytes: UInt64, delivery: Delivery? = nil)
  /// It was seen serving the version.
  case activated(NodeName, before: ModelVersion?)
  case judged(NodeName, GateVerdict)
  case confirmed(NodeName)
  /// It was seen serving something other than the version. `wasSwitched` is false when the version was not active any more, or
  /// never had been.
  case restored(NodeName, serving: ModelVersion?, wasSwitched: Bool)
  /// The step under way cannot be done, and repeating it would not help.
  case failed(NodeName, CommandError)
  /// Somebody else has made another version active there.
  case superseded(NodeName, by: ModelVersion)
}

/// What a rollout wants done. Each but `stop` replaces what is under way on that node.
package enum RolloutAction: Sendable, Equatable {
  /// Ask the node for what it serves, again and again, until it answers.
  case look(NodeName)
  /// Measure the version before if the gate compares with it, announce the new one, send what is missing.
  case transfer(NodeName)
  /// Switch, and wait until it is seen serving.
  case activate(NodeName)
  /// Watch it and say what the gate makes of it; after an undecided verdict go on until there is another.
  case bake(NodeName)
  /// End its probation.
  case confirm(NodeName)
  /// Go back to the version before, if the new one is active.
  case rollBack(NodeName)
  /// Nothing more is wanted of the node.
  case stop(NodeName)
}
