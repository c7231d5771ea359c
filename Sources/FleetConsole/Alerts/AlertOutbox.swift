/// What of the alerts still has to be told to whom. No I/O and no clock of its own; the disk keeps what does not fit.
///
/// Everybody who is told (a sink) gets one alert at a time, the oldest first. One that fails is left alone for a while that doubles, up
/// to a minute, and never in step with others; meanwhile the rest go on. An alert that changes before it was told is told as it is
/// then, once. One that everybody was told of stays, as told, for as long as the disk is not seen to know: what is read from the disk may
/// be from before that was written down.
package struct AlertOutbox: Sendable {
  /// How many alerts it holds at a time.
  package static let capacity = 64
  package static let shortestRest = 0.5
  package static let longestRest = 60.0

  package enum Outcome: Sendable, Equatable {
    case delivered
    /// It will never be taken: asking again would change nothing.
    case refused(String)
    case failed(String)
  }

  private struct Entry: Sendable {
    var alert: Alert
    /// The sinks that need not be told any more.
    var settled: Set<Int> = []
  }

  private struct Rest: Sendable {
    var failures = 0
    var until = -Double.infinity
  }

  private var entries: [Entry] = []
  private var rests: [Rest]

  /// For so many sinks.
  package init(sinks: Int) {
    rests = [Rest](repeating: Rest(), count: sinks)
  }

  /// Nothing is left to tell.
  package var isEmpty: Bool { entries.allSatisfy(isTold) }

  /// All that is to be told now, the oldest first. What was taken of it already stays taken. Returns those of which everybody was told
  /// and the disk does not know.
  package mutating func offer(_ alerts: [Alert]) -> [Alert] {
    let known = Dictionary(entries.map { ($0.alert.id, $0) }, uniquingKeysWith: { first, _ in first })
    entries = alerts.prefix(Self.capacity).map { alert in
      if let entry = known[alert.id], entry.alert.revision >= alert.revision { return entry }
      return Entry(alert: alert)
    }
    return entries.filter(isTold).map(\.alert)
  }

  private func isTold(_ entry: Entry) -> Bool { !rests.isEmpty && entry.settled.count == rests.count }

  /// What to tell a sink next; nil while it is left alone and when there is nothing. `now` is in seconds of a clock that never jumps.
  package func next(for sink: Int, at now: Double) -> Alert? {
    guard rests[sink].until <= now else { return nil }
    return entries.first { !$0.settled.contains(sink) }?.alert
  }

  /// Takes in what became of it; true when everybody has been told. `jitter` is between 0 and 1.
  package mutating func settle(_ alert: Alert, sink: Int, _ outcome: Outcome, at now: Double, jitter: Double) -> Bool {
    switch outcome {
    case .delivered, .refused: rests[sink] = Rest()
    case .failed:
      let longest = min(Self.longestRest, Self.shortestRest * Double(1 << min(rests[sink].failures, 10)))
      rests[sink].failures += 1
      rests[sink].until = now + longest * (0.5 + 0.5 * min(max(jitter, 0), 1))
      return false
    }
    // One that changed meanwhile has to be told anew.
    guard let index = entries.firstIndex(where: { $0.alert.id == alert.id && $0.alert.revision == alert.revision })
    else { return false }
    entries[index].settled.insert(sink)
    return isTold(entries[index])
  }
}
