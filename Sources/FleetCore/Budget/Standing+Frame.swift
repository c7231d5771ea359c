extension Standing {
  /// What a node's newest frame says of it. `isServing` is whether its engine knows of no drain.
  package init(_ frame: Frame, isServing: Bool) {
    let worst = frame.findings.filter { Self.ofClients.contains($0.rule) }.max { $0.health < $1.health }
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

  /// Rules by which a node is a bad one to send clients to. A disk that fills up, say, is none of them.
  private static let ofClients: Set<HealthRule> = [
    .engine, .latency, .errors, .latencyOfBefore, .latencyOfSiblings, .temperature, .throttling,
  ]
}
