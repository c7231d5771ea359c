internal import FleetCore
internal import Foundation
internal import Synchronization

/// Carries out what a rollout wants of one node, and tells what came of it as events. Each step may be begun again at any
/// point: it looks at what is there first.
struct NodeWork: Sendable {
  let agent: any NodeAgent
  let plan: RolloutPlan
  let model: LocalModel
  let timing: RolloutTiming
  let pace: TransferPace
  let deltas: DeltaLibrary
  /// Nodes of its store that have the version.
  let siblings: [any NodeAgent]
  /// As the machine saw the node when it wanted this.
  let node: RolloutNode
  let board: RolloutBoard
  let lookouts: Limiter
  let emit: @Sendable (RolloutEvent) -> Void

  func run(_ action: RolloutAction) async {
    switch action {
    case .look: await look()
    case .transfer: await attempt(transfer)
    case .activate: await attempt(activate)
    case .bake: await attempt(bake)
    case .confirm: await attempt(confirm)
    case .rollBack: await rollBack()
    case .stop: break
    }
  }

  var name: NodeName { agent.name }

  /// Tells a failure as what it is: a lost link, or a step that cannot be done. A stopped step tells nothing.
  private func attempt(_ step: () async throws(CommandError) -> Void) async {
    do throws(CommandError) {
      try await step()
    } catch {
      if Task.isCancelled { return }
      emit(error.isOfTheLink ? .unreachable(name, error.message) : .failed(name, error))
    }
  }

  /// What the node has active of the model.
  func served() async throws(CommandError) -> NodeVersion? {
    let agent = agent
    let description = try await Deadline.run(timing.answer, "asking \(name) what it serves") {
      () async throws(CommandError) in try await agent.describe()
    }
    let entry = description.repository.first { $0.role == .active && $0.version.name == plan.version.name }
    return entry.map { NodeVersion(version: $0.version, digest: $0.digest) }
  }

  /// Repeats what the link broke off, for as long as `timing.patience`.
  func persisting<Value: Sendable>(
    _ operation: () async throws(CommandError) -> Value
  ) async throws(CommandError) -> Value {
    let end = ContinuousClock.now + timing.patience
    var backoff = Backoff()
    while true {
      do throws(CommandError) {
        return try await operation()
      } catch {
        guard error.isOfTheLink, ContinuousClock.now < end, !Task.isCancelled else { throw error }
        board.say(name, "trying again: \(error.message)")
        try? await Task.sleep(for: backoff.delay())
      }
    }
  }

  /// Repeats what another order on the node is in the way of, as one that it was given before its console died, for as long as `limit`.
  private func inTurn<Value: Sendable>(
    within limit: Duration,
    _ operation: () async throws(CommandError) -> Value
  ) async throws(CommandError) -> Value {
    let end = ContinuousClock.now + limit
    var backoff = Backoff()
    while true {
      do throws(CommandError) {
        return try await operation()
      } catch {
        guard error.code == .conflict, ContinuousClock.now < end, !Task.isCancelled else { throw error }
        board.say(name, "waiting: \(error.message)")
        try? await Task.sleep(for: backoff.delay())
      }
    }
  }

  /// Until the node answers, however long that takes.
  private func look() async {
    var isMissing = node.phase == .unreachable
    let patience = ContinuousClock.now + timing.firstAnswer
    var backoff = Backoff(cap: timing.longestPause)
    while !Task.isCancelled {
      do throws(CommandError) {
        let served = try await lookouts.run { () async throws(CommandError) in try await self.served() }
        return emit(.reachable(name, serving: served))
      } catch {
        if Task.isCancelled { return }
        if !isMissing, ContinuousClock.now >= patience {
          emit(.unreachable(name, error.message))
          isMissing = true
        }
        try? await Task.sleep(for: backoff.delay())
      }
    }
  }

  private func transfer() async throws(CommandError) {
    if let opening = pace.opening(of: name.store) {
      return emit(.closed(name, until: opening.timeIntervalSince1970, sentBytes: 0))
    }
    if plan.strategy.gate.comparesWithBefore, node.before == nil || !node.isSwitched {
      board.say(name, "measuring the version before")
      emit(.measured(name, try await measureBefore()))
    }
    let board = board
    let name = name
    let transfer = ModelTransfer(model: model, agent: agent, pace: pace, deltas: deltas, siblings: siblings)
    do throws(CommandError) {
      let delivery = try await transfer.run { news in board.say(name, news) }
      emit(.transferred(name, sentBytes: delivery.sentBytes, delivery: delivery))
    } catch {
      guard error.code == .refused, let opening = pace.opening(of: name.store) else { throw error }
      let sent = transfer.ledger.delivery.sentBytes
      emit(.closed(name, until: opening.timeIntervalSince1970, sentBytes: sent))
    }
  }

  private func activate() async throws(CommandError) {
    let served = try await persisting { () async throws(CommandError) in try await self.served() }
    // A node that came back is looked at when it answers; between then and now somebody may have been quicker.
    if let served, served != node.baseline, served.digest != plan.digest {
      return emit(.superseded(name, by: served.version))
    }
    board.say(name, "compiling and warming up", fraction: 1)
    let (agent, version, digest, limit) = (agent, plan.version, plan.digest, plan.strategy.stepTimeout)
    let outcome = try await inTurn(within: limit) { () async throws(CommandError) in
      try await persisting { () async throws(CommandError) in
        try await Deadline.run(limit, "switching to \(version)") { () async throws(CommandError) in
          try await agent.execute(.activate(version, digest: digest))
        }
      }
    }
    guard case .activated(let activation) = outcome else {
      throw CommandError(.failed, "unexpected answer to the switch")
    }
    board.say(name, "checking that it serves", fraction: 1)
    try await seen(version, digest)
    emit(.activated(name, before: activation.previous ?? node.baseline?.version))
  }

  /// Waits until its frames say that it serves a version.
  func seen(_ version: ModelVersion, _ digest: ModelDigest) async throws(CommandError) {
    do throws(CommandError) {
      try await Verification.serving(version, digest: digest, on: agent)
    } catch {
      guard error.code == .timeout else { throw error }
      // No frame or the wrong ones? Only the first is a matter of the link.
      _ = try await self.served()
      throw CommandError(.failed, error.message)
    }
  }

  private func confirm() async throws(CommandError) {
    let (agent, version, digest, limit) = (agent, plan.version, plan.digest, timing.patience)
    do throws(CommandError) {
      _ = try await persisting { () async throws(CommandError) in
        try await Deadline.run(limit, "ending its probation") { () async throws(CommandError) in
          try await agent.execute(.confirm(version, digest: digest))
        }
      }
    } catch {
      guard error.code == .conflict, let served = try await self.served(), served.digest != digest,
        served.version != node.previous
      else { throw error }
      return emit(.superseded(name, by: served.version))
    }
    emit(.confirmed(name))
  }
}

extension CommandError {
  /// Whether it says more of the line than of what was asked.
  var isOfTheLink: Bool { code == .unreachable || code == .timeout }
}
