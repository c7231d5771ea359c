internal import FleetCore
internal import Synchronization

/// What a node's gate is decided on.
extension NodeWork {
  /// The version that it serves now, over as much time as the new one will bake; of the past where its frames reach back.
  func measureBefore() async throws(CommandError) -> GateWindow {
    guard let baseline = node.baseline else {
      return .absent("it served no version of \(plan.version.name) before")
    }
    let bake = plan.strategy.bake
    let meter = Mutex(WindowMeter(baseline.version, digest: baseline.digest))
    let end = ContinuousClock.now + bake + timing.silence
    _ = try await FrameFeed.watch(
      agent,
      every: timing.frames,
      history: Int(bake.seconds) + 2,
      silence: timing.silence
    ) { frame -> Bool? in
      let seconds = meter.withLock { meter in
        meter.add(frame)
        return meter.measuredSeconds
      }
      return seconds >= bake.seconds || ContinuousClock.now >= end ? true : nil
    }
    var window = meter.withLock(\.window)
    if plan.strategy.gate.comparesAccuracyWithBefore {
      window.golden = try await golden(baseline.version, baseline.digest)
    }
    return window
  }

  /// Has the node answer its golden set. That it has none is an answer; that the link is gone is not.
  func golden(_ version: ModelVersion, _ digest: ModelDigest) async throws(CommandError) -> Evidence<GoldenResult> {
    board.say(name, "answering its golden set")
    let (agent, limit) = (agent, timing.evaluation)
    do throws(CommandError) {
      let outcome = try await persisting { () async throws(CommandError) in
        try await Deadline.run(limit, "answering the golden set") { () async throws(CommandError) in
          try await agent.execute(.evaluate(version, digest: digest))
        }
      }
      guard case .evaluated(let result) = outcome else { return .absent("unexpected answer to the golden set") }
      return .known(result)
    } catch {
      guard !error.isOfTheLink, !Task.isCancelled else { throw error }
      return .absent(error.message)
    }
  }

  /// Watches until its gate has a verdict; once undecided until that changes.
  func bake() async throws(CommandError) {
    let gate = plan.strategy.gate
    let golden: Evidence<GoldenResult> =
      gate.measuresAccuracy ? try await golden(plan.version, plan.digest) : .absent("the gate does not ask for it")
    let bake = Mutex(
      Bake(
        plan,
        before: node.before ?? .absent("it was not measured before the switch"),
        previous: node.previous,
        golden: golden,
        engineDown: timing.engineDown.seconds
      )
    )
    let wasUndecided = Mutex(node.phase == .undecided)
    let (board, name, emit) = (board, name, emit)
    let start = ContinuousClock.now
    let event = try await FrameFeed.watch(agent, every: timing.frames, silence: timing.silence) {
      frame -> RolloutEvent? in
      switch bake.withLock({ $0.note(frame, at: start.duration(to: .now).seconds) }) {
      case .watching(let verdict, let fraction):
        board.bake(name, verdict, fraction: fraction)
        return nil
      case .judged(let verdict):
        board.bake(name, verdict, fraction: 1)
        guard verdict.outcome == .undecided else { return .judged(name, verdict) }
        // Once is news; after that the board shows how it stands.
        let isNews = wasUndecided.withLock { was in
          defer { was = true }
          return !was
        }
        if isNews { emit(.judged(name, verdict)) }
        return nil
      case .superseded(let version): return .superseded(name, by: version)
      case .failed(let error): return .failed(name, error)
      }
    }
    emit(event)
  }
}
