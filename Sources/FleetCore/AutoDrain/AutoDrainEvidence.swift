/// Since when enough requests were answered for the rules that need them: as many within their window as they ask for by default.
struct AutoDrainEvidence: Sendable, Equatable {
  private static let enough: UInt64 = 20

  private struct Mark: Equatable {
    var seconds: Double
    var answered: UInt64
  }

  private var marks: [Mark] = []
  /// In seconds on the clock of what was added; nil while there never were enough.
  private(set) var since: Double?

  /// `answered` is of all time. One that fell began anew.
  mutating func add(_ answered: UInt64, at seconds: Double) {
    if let last = marks.last, answered < last.answered { marks = [] }
    marks.append(Mark(seconds: seconds, answered: answered))
    // The newest of those that are a window old is where it starts.
    if let start = marks.lastIndex(where: { seconds - $0.seconds >= HealthMonitor.windowSeconds - 0.05 }) {
      marks.removeFirst(start)
    }
    if since == nil, answered - marks[0].answered >= Self.enough { since = seconds }
  }
}
