extension AutoDrain.Sight {
  /// What a node's newest frame says of it.
  package init(_ frame: Frame, seconds: Double) {
    let worst = frame.findings.filter { $0.health == .faulty }
    self.init(
      seconds: seconds,
      date: frame.time,
      health: frame.health,
      reason: frame.reasons.first ?? "no reason is told",
      // Without findings nobody can say: it has to be tried out.
      needsRequests: worst.allSatisfy { Self.byRequests.contains($0.rule) },
      availability: frame.availability,
      drainedBy: frame.drain?.orderedBy
    )
  }

  /// Rules that say nothing new of a node to which no requests come.
  private static let byRequests: Set<HealthRule> = [.latency, .errors, .latencyOfBefore, .latencyOfSiblings]
}
