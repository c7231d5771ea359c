package import FleetCore

/// What a rollout would do and where it would fail, found out before a byte moves.
package struct Preflight: Sendable, Equatable, Encodable {
  package struct Wave: Sendable, Equatable, Encodable {
    /// Counted from 1.
    package var number: Int
    package var stores: [String]
    package var nodes: Int
    /// To be sent, as far as is known: nodes that did not answer count as lacking all of it.
    package var bytes: UInt64
  }

  package struct Problem: Sendable, Equatable, Encodable {
    package enum Kind: String, Sendable, Encodable, CaseIterable {
      case unknownNode = "unknown node"
      case unreachable
      case noSpace = "no space"
      case numberTaken = "number taken"
      case failedBefore = "failed here before"
      case noRuntime = "no runtime"
      case drained
      case clock
      case agent = "agent too old"
    }

    package enum Effect: String, Sendable, Encodable {
      /// The node's step would fail.
      case fails
      /// It would be left out until that has changed, or its gate would wait for data.
      case waits
      /// It may go well, but what the node says and how it says it are in doubt.
      case doubtful
    }

    package var node: NodeName
    package var wave: Int
    package var kind: Kind
    package var effect: Effect
    /// What is wrong.
    package var reason: String
    /// What to do about it.
    package var cure: String
  }

  package var version: ModelVersion
  package var digest: ModelDigest
  package var strategy: String
  package var gate: String
  /// Of the version as a whole.
  package var versionBytes: UInt64
  package var waves: [Wave]
  /// Nodes that serve the version already and would be skipped.
  package var skipped: [NodeName]
  /// In the order of the plan.
  package var problems: [Problem]

  package var nodes: Int { waves.reduce(0) { $0 + $1.nodes } }
  package var bytes: UInt64 { waves.reduce(0) { $0 + $1.bytes } }

  /// Whether no step of it would fail for a reason that can be seen now.
  package var isClear: Bool { !problems.contains { $0.effect == .fails } }
}

/// What is known of one node before a rollout.
struct PreflightFacts: Sendable {
  enum Answer: Sendable {
    case unknown(CommandError)
    case unreachable(CommandError)
    /// The newest frame may be missing, and why.
    case known(NodeDescription, frame: Result<Frame, CommandError>)
  }

  var node: NodeName
  var wave: Int
  var answer: Answer
  /// When it answered, Unix time.
  var seconds: Double
}
