/// How a rollout as a whole stands.
package enum RolloutState: Sendable, Equatable {
  /// Why a rollout begins no further node.
  package enum Ending: String, Sendable, Codable {
    case failed
    case cancelled
    case undone
  }

  /// No driver has taken it up. To `running`.
  case ready
  /// To `paused`, `ending`, `succeeded` and `incomplete`.
  case running
  /// Begins no further node until somebody says `resume`. To `running` and `ending`.
  case paused(by: String)
  /// Rolls back what must be. To the end that it names; from `failed` and `cancelled` an undo makes it `undone`.
  case ending(Ending, String)
  /// Every node serves the version for good, or a newer one that somebody else brought.
  case succeeded
  /// It went through, but some nodes could not be reached or failed; they are named.
  case incomplete(String)
  case ended(Ending, String)

  /// Nothing more happens by itself; an undo is still heard.
  package var isTerminal: Bool {
    switch self {
    case .ready, .running, .paused, .ending: false
    case .succeeded, .incomplete, .ended: true
    }
  }

  /// One word, for screens and JSON.
  package var word: String {
    switch self {
    case .ready: "ready"
    case .running: "running"
    case .paused: "paused"
    case .ending(let ending, _): ending == .undone ? "undoing" : "rolling back"
    case .succeeded: "succeeded"
    case .incomplete: "incomplete"
    case .ended(let ending, _): ending.rawValue
    }
  }

  /// Why it is so; empty when there is nothing to say.
  package var reason: String {
    switch self {
    case .ready, .running, .succeeded: ""
    case .paused(let name): "paused by \(name)"
    case .ending(_, let why), .incomplete(let why), .ended(_, let why): why
    }
  }
}
