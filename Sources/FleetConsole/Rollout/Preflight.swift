package import FleetCore

/// What a rollout would do and where it would fail, found out before a byte moves.
package struct Preflight: Sendable, Equatable, Encodable {
  package struct Wave: Sendable, Equatable, Encodable {
    /// Counted from 1.
    package var number: Int
    package var stores: [String]
    package var nodes: Int
    /// Over the lines to its stores, as far as is known: nodes that did not answer count as lacking all of it.
    package var bytes: UInt64
    /// How long they take at least at the limits of the strategy; nil without any.
    package var seconds: Double?
  }

  /// A store to which no bytes may go now.
  package struct Closed: Sendable, Equatable, Encodable {
    package var store: String
    package var timezone: String
    /// When its hours begin, Unix time.
    package var opens: Double
  }

  /// How the version would come to some of the nodes.
  package struct Way: Sendable, Equatable, Encodable {
    package enum Method: String, Sendable, Encodable { case full, delta, sibling }

    package var method: Method
    /// The versions that deltas are made against.
    package var bases: [ModelVersion]
    package var nodes: Int
    /// Over the line to its store, for each of them. Without what compression would save.
    package var bytes: UInt64
    /// What each of them lacks.
    package var missingBytes: UInt64
  }

  package struct Problem: Sendable, Equatable, Encodable {
    package enum Kind: String, Sendable, Encodable, CaseIterable {
      case unknownNode = "unknown node"
      case unreachable
      case noSpace = "no space"
      case tooSlow = "too slow"
      case numberTaken = "number taken"
      case failedBefore = "failed here before"
      case noRuntime = "no runtime"
      case device = "unknown device"
      case drained
      case clock
      case agent = "agent too old"
      case newerAgent = "agent newer"
      case certificate = "certificate expires"
      case signature
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

  /// What is wrong with the version itself, whichever node it goes to.
  package struct VersionProblem: Sendable, Equatable, Encodable {
    package enum Kind: String, Sendable, Encodable, CaseIterable {
      case files = "wrong files"
      case unreadable = "nothing to load"
      case noGoldenSet = "no golden set"
    }

    package var kind: Kind
    package var reason: String
    package var cure: String
  }

  /// Whether any of its nodes is a simulation.
  package var simulated: Bool
  package var version: ModelVersion
  package var digest: ModelDigest
  package var strategy: String
  package var gate: String
  /// Of the version as a whole.
  package var versionBytes: UInt64
  /// The hours of each store's day in which bytes go; nil for all of them.
  package var window: String?
  /// Stores that the rollout would wait for, in the order of the plan.
  package var closed: [Closed]
  package var waves: [Wave]
  /// The cheapest last.
  package var ways: [Way]
  /// Nodes that serve the version already and would be skipped.
  package var skipped: [NodeName]
  /// Each of them makes every node's step fail.
  package var versionProblems: [VersionProblem]
  /// In the order of the plan.
  package var problems: [Problem]

  package var nodes: Int { waves.reduce(0) { $0 + $1.nodes } }
  package var bytes: UInt64 { waves.reduce(0) { $0 + $1.bytes } }

  /// Whether no step of it would fail for a reason that can be seen now.
  package var isClear: Bool { versionProblems.isEmpty && !problems.contains { $0.effect == .fails } }
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

  var isSimulated: Bool {
    if case .known(let description, _) = answer { description.isSimulated } else { false }
  }
}
