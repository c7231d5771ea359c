extension Standing {
  /// What a node's newest frame says of it. `isServing` is whether its engine knows of no drain.
  package init(_ frame: Frame, isServing: Bool) {
    self.init(
      isServing: isServing && frame.availability == .serving && frame.engine.state == .serving,
      health: frame.health,
      reason: frame.reasons.first ?? "",
      models: frame.models.map { model in
        let unknown = Reading.absent("not told")
        return frame.capacity.first { $0.model == model.name }
          ?? ModelCapacity(model: model.name, perSecond: unknown, load: unknown)
      }
    )
  }
}
