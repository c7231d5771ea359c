internal import FleetCore

/// The way back.
extension NodeWork {
  /// Tries until the node serves another version, or the machine gives up on it. `rollback` goes back and forth, so each
  /// attempt looks first whether there is anything to go back from.
  func rollBack() async {
    var backoff = Backoff()
    var conflicts = 0
    while !Task.isCancelled {
      do throws(CommandError) {
        if let event = try await stepBack() { return emit(event) }
        return
      } catch {
        if Task.isCancelled { return }
        if error.code == .conflict { conflicts += 1 }
        guard error.isOfTheLink || error.code == .conflict && conflicts < 10 else { return emit(.failed(name, error)) }
        board.say(name, "rolling back, trying again: \(error.message)")
        try? await Task.sleep(for: backoff.delay())
      }
    }
  }

  private func stepBack() async throws(CommandError) -> RolloutEvent? {
    board.say(name, "rolling back")
    var served = try await self.served()
    if !node.wasActivated, served?.digest != plan.digest {
      // The order to switch may still be under way: it was given, and no answer came.
      do { try await Task.sleep(for: timing.settling) } catch { return nil }
      served = try await self.served()
    }
    guard served?.digest == plan.digest else {
      if let served, let baseline = node.baseline, served != baseline { return .superseded(name, by: served.version) }
      return .restored(name, serving: served?.version, wasSwitched: false)
    }
    let (agent, model) = (agent, plan.version.name)
    let outcome = try await Deadline.run(plan.strategy.stepTimeout, "switching back") { () async throws(CommandError) in
      try await agent.execute(.rollback(model: model))
    }
    guard case .activated(let activation) = outcome else {
      throw CommandError(.failed, "unexpected answer to the order to roll back")
    }
    try await seen(activation.active, activation.digest)
    return .restored(name, serving: activation.active, wasSwitched: true)
  }
}
