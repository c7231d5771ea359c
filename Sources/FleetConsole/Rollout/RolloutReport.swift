package import FleetCore

/// How a rollout stands: all that a screen, a line of text or `--json` shows of it. Times are Unix seconds.
package struct RolloutReport: Sendable, Equatable, Codable {
  /// The rules it goes by, as an operator writes them.
  package struct Rules: Sendable, Equatable, Codable {
    package var strategy: String
    package var waves: String
    package var bakeSeconds: Double
    package var gate: String
    package var abort: String
    package var minimumSamples: Int
  }

  package struct Node: Sendable, Equatable, Codable {
    package var node: NodeName
    package var phase: RolloutNode.Phase
    /// What goes on now, what came of it, or why it failed.
    package var text: String
    /// When its store's hours begin, while it waits for them; nil when it does not.
    package var opens: Double?
    /// Part of the whole way to `passed` that is done, 0 to 1; 1 for every end.
    package var fraction: Double
    package var bytesSent: UInt64
    /// How the version came to it; nil before it has.
    package var delivery: Delivery?
    /// It serves the version on probation, or may.
    package var isProvisional: Bool
    /// The kind of its failure: a code of `CommandError`; nil when it has none.
    package var code: CommandError.Code?
    /// What it serves when the version is taken back.
    package var previous: ModelVersion?
    /// What its gate found, or finds while it bakes.
    package var findings: [GateVerdict.Finding]
  }

  package struct Store: Sendable, Equatable, Codable {
    package var name: String
    package var fraction: Double
    package var nodes: [Node]
  }

  package struct Wave: Sendable, Equatable, Codable {
    package enum Phase: String, Sendable, Codable { case waiting, active, done }

    /// Counted from 1.
    package var number: Int
    package var phase: Phase
    package var fraction: Double
    package var stores: [Store]
  }

  package var id: String
  package var version: ModelVersion
  package var digest: ModelDigest
  package var orderedBy: String
  package var rules: Rules
  /// One word: `running`, `paused`, `rolling back`, `undoing`, `succeeded`, `incomplete`, `failed`, `cancelled`, `undone`.
  package var state: String
  /// Whether it is over.
  package var isEnded: Bool
  /// Why it is so; empty when there is nothing to say.
  package var reason: String
  /// Why the driver stopped before the end, such as a journal that cannot be written; nil when it did not.
  package var problem: String?
  package var waves: [Wave]
  /// Nodes in each phase; a phase without any is left out.
  package var counts: [String: Int]
  package var nodes: Int
  /// Nodes that have come to an end, whichever.
  package var settled: Int
  package var fraction: Double
  package var bytesSent: UInt64
  /// What deltas and siblings kept off the lines to the stores; nil in reports of before.
  package var bytesSaved: UInt64?
  /// How long it will take as far as can be told from the nodes that have passed; nil before one has, and at the end.
  package var etaSeconds: Double?
  package var began: Double?
  package var updated: Double

  /// When the first store opens, if nothing goes on but waiting for the hours of stores; nil else.
  package var opens: Double? {
    guard !isEnded, !allNodes.contains(where: { $0.phase.isBusy }) else { return nil }
    return allNodes.compactMap(\.opens).min()
  }

  package var title: String { "push \(version)" }

  package var allNodes: [Node] { waves.flatMap { $0.stores.flatMap(\.nodes) } }
}
