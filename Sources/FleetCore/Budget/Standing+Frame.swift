extension Standing {
  /// What a node's newest frame says of it. `isServing` is whether its engine knows of no drain.
  package init(_ frame: Frame, isServing: Bool) {
    let worst = frame.findings.filter { $0.rule.concernsClients }.max { $0.health < $1.health }
    self.init(
      isServing: isServing && frame.availability == .serving && frame.engine.state == .serving,
      health: frame.findings.isEmpty ? frame.health : worst?.health ?? .healthy,
      reason: frame.findings.isEmpty ? frame.reasons.first ?? "" : worst?.text ?? "",
      models: frame.models.map { model in
        let unknown = Reading.absent("not told")
        return frame.capacity.first { $0.model == model.name }
          ?? ModelCapacity(model: model.name, perSecond: unknown, load: unknown)
      }
    )
  }
}

extension HealthRule {
  /// Whether it makes a node a bad one to send clients to. A disk that fills up, say, does not.
  var concernsClients: Bool {
    switch self {
    case .engine, .latency, .errors, .latencyOfBefore, .latencyOfSiblings, .temperature, .throttling: true
    case .energy, .disk, .clock, .certificate, .probe, .reading: false
    }
  }

  /// Whether it says nothing new of a node to which no requests come.
  var needsRequests: Bool {
    switch self {
    case .latency, .errors, .latencyOfBefore, .latencyOfSiblings: true
    default: false
    }
  }
}
