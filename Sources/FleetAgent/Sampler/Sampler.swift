import FleetCore
import ServiceLifecycle

/// Gathers everything once a tick and makes a frame of it: once a second, and as often as ten times while somebody watches so closely.
package actor Sampler: Service {
  private let supervisor: EngineSupervisor
  private let repository: ModelRepository
  private let board: ProbeBoard
  private let drain: DrainKeeper
  private let siblings: SiblingWatch
  private let budget: BudgetKeeper
  private let autoDrain: AutoDrainKeeper
  private let hub: FrameHub
  private let metrics: MetricsBoard
  private let clock: AgentClock
  private var builder: FrameBuilder
  private var nap: Task<Void, Never>?
  /// A watcher has come: what it is sent of the past may be a second old, so it gets a frame of now as well.
  private var isFrameWanted = false
  private var lastTick = -Double.infinity
  /// Watchers that come in crowds share a frame.
  private static let closestTicks = 0.1

  package init(
    supervisor: EngineSupervisor,
    repository: ModelRepository,
    board: ProbeBoard,
    drain: DrainKeeper,
    siblings: SiblingWatch,
    budget: BudgetKeeper,
    autoDrain: AutoDrainKeeper,
    hub: FrameHub,
    metrics: MetricsBoard,
    builder: FrameBuilder,
    clock: AgentClock
  ) {
    self.supervisor = supervisor
    self.repository = repository
    self.board = board
    self.drain = drain
    self.siblings = siblings
    self.budget = budget
    self.autoDrain = autoDrain
    self.hub = hub
    self.metrics = metrics
    self.builder = builder
    self.clock = clock
  }

  package func run() async throws {
    hub.onWatcher { [weak self] in
      // Only ends a nap early: there is nothing to wait for or to order.
      Task { await self?.wake() }
    }
    await cancelWhenGracefulShutdown {
      var next = self.clock.seconds()
      while !Task.isCancelled {
        await self.tick()
        next = await self.napUntil(next)
      }
    }
    hub.end()
  }

  /// One frame, now.
  package func tick() async {
    await supervisor.poll()
    let engine = await supervisor.snapshot
    let moment = clock.moment
    lastTick = moment.seconds
    let probes = await board.round(ProbeMoment(seconds: moment.seconds, enginePID: engine.status.pid))
    let drain = await drain.observe(engine)
    var frame = builder.frame(
      at: moment,
      engine: engine,
      probes: probes,
      drain: drain,
      siblings: siblings.samples,
      provisional: repository.provisional
    )
    frame.autoDrain = await autoDrain.status
    // Before anybody sees that it serves again: the next order may be for a sibling.
    await budget.note(Standing(frame, isServing: self.drain.servesItself))
    metrics.publish(frame, counters: engine.counters, at: moment.seconds)
    hub.publish(frame, at: moment.seconds)
    await autoDrain.observe(frame)
  }

  /// Sleeps until the next frame is wanted and says when that was. A new, closer watcher cuts it short.
  private func napUntil(_ last: Double) async -> Double {
    while !Task.isCancelled {
      if isFrameWanted {
        isFrameWanted = false
        if clock.seconds() - lastTick >= Self.closestTicks { await tick() } else { hub.givePast() }
      }
      let now = clock.seconds()
      // Beats that were missed are not made up for.
      let next = max(last + hub.interval, now)
      if next - now < 0.001 { return next }
      let nap = Task { _ = try? await Task.sleep(for: .seconds(next - now)) }
      self.nap = nap
      await withTaskCancellationHandler {
        await nap.value
      } onCancel: {
        nap.cancel()
      }
      if clock.seconds() >= next - 0.001 { return next }
    }
    return last
  }

  private func wake() {
    isFrameWanted = true
    nap?.cancel()
  }
}
