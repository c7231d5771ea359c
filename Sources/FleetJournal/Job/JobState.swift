/// How a job stands.
///
///     queued → running ⇄ paused → succeeded | failed | cancelled | undone
///     queued, running, paused → interrupted → running      its process is gone; another one goes on
///     succeeded | failed | cancelled → running → undone     an ended job may still be undone
package enum JobState: String, Sendable, CaseIterable {
  /// Recorded; its process is about to begin, or waits for an older job to let go of the same nodes.
  case queued
  case running
  /// Alive and waiting, for an operator or for data.
  case paused
  /// Not ended, and no process drives it.
  case interrupted
  case succeeded
  case failed
  case cancelled
  case undone

  /// Nothing more happens to it unless somebody wants it undone.
  package var isEnded: Bool {
    switch self {
    case .queued, .running, .paused, .interrupted: false
    case .succeeded, .failed, .cancelled, .undone: true
    }
  }
}

/// How a job's process ended its work, with the reason for a person.
package struct JobEnd: Sendable, Equatable {
  package let state: JobState
  package let reason: String

  private init(_ state: JobState, _ reason: String) {
    self.state = state
    self.reason = reason
  }

  package static func succeeded(_ words: String = "") -> JobEnd { JobEnd(.succeeded, words) }
  package static func failed(_ reason: String) -> JobEnd { JobEnd(.failed, reason) }
  package static func cancelled(_ reason: String) -> JobEnd { JobEnd(.cancelled, reason) }
  package static func undone(_ words: String = "") -> JobEnd { JobEnd(.undone, words) }
  /// Left as it stands: a later process goes on from its events.
  package static func interrupted(_ reason: String) -> JobEnd { JobEnd(.interrupted, reason) }
}
