/// How far a rollout is with one node.
package struct RolloutNode: Sendable, Equatable {
  package enum Phase: String, Sendable, Codable, CaseIterable {
    /// Not begun. To `transferring` when its store's turn comes, `skipped` when it serves the version already, `superseded` when
    /// somebody else's is newer there, `unreachable` when it does not answer, `cancelled` when the rollout ends before its turn.
    case waiting
    /// Does not answer. Back to `waiting` when it does, at most `RolloutMachine.maximumDepartures` times, then `failed`; to
    /// `rollingBack` when it may serve a version that is taken back; else it stays so to the end.
    case unreachable
    /// Measured, announced to, sent to. To `switching`, back to `waiting` when its store's hours are over, to `unreachable`,
    /// `failed`, `superseded`, `cancelled`.
    case transferring
    /// Ordered to serve the version. To `baking`, `unreachable`, `superseded`, and to `rollingBack` when it fails or takes too
    /// long: only a look tells then what it serves.
    case switching
    /// Serves the version on probation. To `confirming`, `undecided`, `rollingBack`, `unreachable`, `superseded`.
    case baking
    /// As `baking`, but its gate cannot decide for lack of data. To `confirming`, `rollingBack` (also when it lasts too long),
    /// `unreachable`, `superseded`.
    case undecided
    /// Its gate has passed; its probation is being ended. To `passed`, `rollingBack`, `unreachable`, `superseded`.
    case confirming
    /// Ordered back to the version before. To `rolledBack`, `failed`, `superseded`.
    case rollingBack
    /// Serves the version for good. To `rollingBack` when its wave fails or the rollout is undone, else the end.
    case passed
    /// Serves what it served before. The end.
    case rolledBack
    /// Its `failure` tells why. If it may serve the version an undo makes it `rollingBack`, else the end.
    case failed
    /// Somebody else has made another version active: the newer order wins. The end.
    case superseded
    /// It served the version before the rollout came. The end.
    case skipped
    /// The rollout ended before its turn; it serves what it served. The end.
    case cancelled

    /// Whether something is being done on the node, so that its siblings must wait.
    package var isBusy: Bool {
      switch self {
      case .transferring, .switching, .baking, .undecided, .confirming, .rollingBack: true
      case .waiting, .unreachable, .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: false
      }
    }

    /// Whether requests may be moving from one version to another on the node right now.
    package var isSwitch: Bool { self == .switching || self == .rollingBack }

    /// Whether a wave need not wait for it.
    package var isSettled: Bool { !isBusy && self != .waiting }
  }

  package let name: NodeName
  /// Of `RolloutPlan.stores`.
  package let store: Int
  /// The wave of its store.
  package let wave: Int
  package internal(set) var phase = Phase.waiting
  /// What goes on, or why it came to this, in words.
  package internal(set) var reason = "waiting for an answer"
  /// Why its last step could not be done; stays with it when it is rolled back.
  package internal(set) var failure: CommandError?
  package internal(set) var verdict: GateVerdict?
  package internal(set) var before: GateWindow?
  /// What it served of the model when it first answered, which is what another rollout's work is told from.
  package internal(set) var baseline: NodeVersion?
  package internal(set) var hasAnswered = false
  /// Bytes sent to it so far, by all drivers.
  package internal(set) var sentBytes: UInt64 = 0
  /// How the version came to it; nil before it has.
  package internal(set) var delivery: Delivery?
  /// It was seen serving the version once.
  package internal(set) var wasActivated = false
  /// What it said it would go back to; nil when there is nothing.
  package internal(set) var previous: ModelVersion?
  /// It serves the version, or may: true from the order to switch until it is seen serving another.
  package internal(set) var isSwitched = false
  /// It is to be rolled back as soon as its store allows.
  package internal(set) var isCondemned = false
  /// The wave that was under way when the node was begun: a node that returns late counts to that one.
  package internal(set) var begunIn: Int?
  package internal(set) var begun: Double?
  package internal(set) var settled: Double?
  /// When the step under way is overdue.
  package internal(set) var deadline: Double?
  /// When its store's hours begin for which it waits, Unix time.
  package internal(set) var opens: Double?
  /// How often those hours were over before it had everything.
  package internal(set) var closings = 0
  /// How often it went away.
  package internal(set) var departures = 0

  /// Holds the version as a whole, as far as it has told, and can be asked for it.
  package var hasVersion: Bool {
    switch phase {
    case .passed, .skipped, .baking, .undecided, .confirming, .switching: true
    case .waiting, .unreachable, .transferring, .rollingBack, .rolledBack, .failed, .superseded, .cancelled: false
    }
  }

  /// Serves, or may serve, the version on probation.
  package var isProvisional: Bool { isSwitched && phase != .passed }

  /// Counts for the abort rule: it failed, or was last seen with the new version and then no more.
  package var countsAsFailed: Bool { failure != nil || phase == .unreachable && isSwitched }
}
