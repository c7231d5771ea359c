internal import FleetCore
internal import FoundationEssentials

/// What views say of jobs in words.
enum JobText {
  /// How long ago, on the console's clock.
  static func ago(_ date: Date, _ state: FleetState) -> String {
    Format.age(state.now.date.timeIntervalSince(date))
  }

  /// How far it is; nil where that is not known.
  static func progress(_ job: ListedJob) -> String? {
    guard let summary = job.summary else { return job.progress.isEmpty ? nil : job.progress }
    return "\(summary.reachedNodes) of \(Words.nodes(summary.nodes)) and \(summary.reachedStores) of "
      + "\(Words.stores(summary.stores)) have it"
  }

  /// `~4m`: an estimate, and marked as one.
  static func eta(_ job: ListedJob) -> String {
    guard job.state == .running, let seconds = job.summary?.etaSeconds else { return Format.absent }
    return "~\(Format.age(seconds))"
  }

  /// `4 passed, 1 baking, 7 waiting`: what nodes are doing, the furthest first.
  static func counts(_ nodes: [RolloutReport.Node]) -> String {
    let order: [RolloutNode.Phase] = [
      .passed, .skipped, .confirming, .baking, .undecided, .switching, .transferring, .rollingBack, .rolledBack,
      .failed,
      .superseded, .unreachable, .waiting, .cancelled,
    ]
    let counts = Dictionary(grouping: nodes, by: \.phase).mapValues(\.count)
    return order.compactMap { phase in counts[phase].map { "\($0) \(word(phase))" } }.joined(separator: ", ")
  }

  static func word(_ phase: RolloutNode.Phase) -> String {
    switch phase {
    case .waiting, .unreachable, .transferring, .switching, .baking, .undecided, .confirming, .passed, .failed,
      .superseded, .skipped, .cancelled:
      phase.rawValue
    case .rollingBack: "rolling back"
    case .rolledBack: "rolled back"
    }
  }
}
