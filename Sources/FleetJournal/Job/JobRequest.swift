package import Foundation

/// What somebody wants of a job. Any process writes it; the job's own reads and acknowledges it.
package struct JobRequest: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case pause
    case resume
    /// End; what is done stays done.
    case cancel
    /// End, and bring everything back to what it was.
    case undo
    /// A newer job has taken nodes of this one: end, and touch nothing more. `note` says which.
    case supersede
    /// Let the process end and the job be interrupted: the demo is going away, say. Never reaches the work.
    case stop

    /// Whether the job cannot simply go on after it.
    var isFinal: Bool {
      switch self {
      case .cancel, .undo, .supersede: true
      case .pause, .resume, .stop: false
      }
    }
  }

  package let number: Int
  package let kind: Kind
  package let orderedBy: String
  package let note: String
  package let time: Date
  /// When the job's process read it; nil while nobody has.
  package let acknowledged: Date?
}

extension JobRequest {
  /// What still holds of all that was asked since the job last ended, for a process that goes on with it. A process may have died
  /// between reading a request and doing it, so it counts whether it was acknowledged or not: first what ends the job, then a
  /// pause that nobody took back.
  static func standing(among requests: [JobRequest]) -> [JobRequest] {
    if let final = requests.last(where: \.kind.isFinal) { return [final] }
    let last = requests.last { $0.kind == .pause || $0.kind == .resume }
    return last.map { $0.kind == .pause ? [$0] : [] } ?? []
  }
}
