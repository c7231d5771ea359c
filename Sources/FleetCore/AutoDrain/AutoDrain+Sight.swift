extension AutoDrain.Sight {
  /// What a node's newest frame says of it. Faults that clients do not feel, such as a full disk, are no reason to drain.
  package init(_ frame: Frame, seconds: Double) {
    let worst = frame.findings.filter { $0.health == .faulty && $0.rule.concernsClients }
    let isTold = !frame.findings.isEmpty
    self.init(
      seconds: seconds,
      date: frame.time,
      health: isTold ? (worst.isEmpty ? min(frame.health, .degraded) : .faulty) : frame.health,
      reason: worst.first?.text ?? frame.reasons.first ?? "no reason is told",
      // Without findings nobody can say: it has to be tried out.
      needsRequests: worst.allSatisfy { $0.rule.needsRequests },
      answered: frame.models.reduce(0) { $0 &+ $1.requests },
      availability: frame.availability,
      drainedBy: frame.drain?.orderedBy
    )
  }
}
