internal import FleetCore
internal import Synchronization

/// Something that happened; for what a node's step tells, which step that was.
struct RolloutInput: Sendable {
  var event: RolloutEvent
  var step: (node: NodeName, generation: Int)?

  init(_ event: RolloutEvent, step: (node: NodeName, generation: Int)? = nil) {
    self.event = event
    self.step = step
  }
}

/// Takes one event after the other: keeps it, gives it to the machine, begins what that wants.
struct RolloutDriver {
  let plan: RolloutPlan
  let model: LocalModel
  let agents: AgentDirectory
  let journal: any RolloutJournal
  let timing: RolloutTiming
  let pace: TransferPace
  let clock: @Sendable () -> Double
  let desk: RolloutDesk
  let input: AsyncStream<RolloutInput>.Continuation
  private let lookouts = Limiter(64)
  private let deltas: DeltaLibrary
  private var steps = NodeTasks()
  private var alarm: Task<Void, Never>?

  init(
    plan: RolloutPlan,
    model: LocalModel,
    agents: AgentDirectory,
    journal: any RolloutJournal,
    timing: RolloutTiming,
    pace: TransferPace,
    clock: @escaping @Sendable () -> Double,
    desk: RolloutDesk,
    input: AsyncStream<RolloutInput>.Continuation
  ) {
    self.plan = plan
    self.model = model
    deltas = DeltaLibrary(for: model)
    self.agents = agents
    self.journal = journal
    self.timing = timing
    self.pace = pace
    self.clock = clock
    self.desk = desk
    self.input = input
  }

  /// Until the rollout has ended. Gives why it stopped before that, nil when it did not. Whatever is under way on a node then is let
  /// go of, and not waited for: a node that does not answer holds nobody up.
  mutating func run(_ inputs: AsyncStream<RolloutInput>) async -> String? {
    if desk.machine.withLock(\.state.isTerminal) { return nil }
    input.yield(RolloutInput(.attached))
    let problem = await take(inputs)
    steps.cancelAll()
    alarm?.cancel()
    return problem
  }

  private mutating func take(_ inputs: AsyncStream<RolloutInput>) async -> String? {
    for await next in inputs {
      // What a step says that was replaced or stopped meanwhile is of no interest.
      if let step = next.step, !steps.isCurrent(step.node, step.generation) { continue }
      let now = clock()
      if next.event != .tick || isDue(now) {
        do {
          try await journal.append(next.event, at: now)
        } catch {
          return "the journal cannot be written: \((error as? CommandError)?.message ?? "\(error)")"
        }
        for action in desk.machine.withLock({ $0.handle(next.event, at: now) }) { begin(action) }
        if desk.machine.withLock(\.state.isTerminal) { return nil }
      }
      setAlarm()
    }
    return "the driver was stopped; the rollout goes on with the next one"
  }

  private func isDue(_ now: Double) -> Bool {
    desk.machine.withLock { $0.nextDeadline.map { $0 <= now } ?? false }
  }

  private mutating func begin(_ action: RolloutAction) {
    let name = action.node
    desk.board.clear(name)
    guard action != .stop(name), let node = desk.machine.withLock({ $0.node(name) }) else { return steps.stop(name) }
    let generation = steps.next(name)
    let input = input
    let emit: @Sendable (RolloutEvent) -> Void = { event in
      input.yield(RolloutInput(event, step: (name, generation)))
    }
    let agent: any NodeAgent
    do {
      agent = try agents.agent(name)
    } catch {
      // A name that is in no directory is as a node that never answers.
      if node.phase != .unreachable { emit(.unreachable(name, error.message)) }
      return
    }
    let work = NodeWork(
      agent: agent,
      plan: plan,
      model: model,
      timing: timing,
      pace: pace,
      deltas: deltas,
      siblings: siblings(of: node),
      node: node,
      board: desk.board,
      lookouts: lookouts,
      emit: emit
    )
    steps.start(name) { await work.run(action) }
  }

  /// Those that have passed first: nothing is being done on them.
  private func siblings(of node: RolloutNode) -> [any NodeAgent] {
    let holders = desk.machine.withLock { machine in
      machine.nodes.filter { $0.store == node.store && $0.name != node.name && $0.hasVersion }
    }
    let sorted = holders.filter { $0.phase == .passed } + holders.filter { $0.phase != .passed }
    return sorted.prefix(2).compactMap { try? agents.agent($0.name) }
  }

  /// A tick for when the next step is overdue, in place of the one before.
  private mutating func setAlarm() {
    alarm?.cancel()
    alarm = nil
    guard let deadline = desk.machine.withLock({ $0.nextDeadline }) else { return }
    let wait = min(max(0, deadline - clock()) + 0.001, timing.look.seconds)
    let input = input
    alarm = Task {
      do { try await Task.sleep(for: .seconds(wait)) } catch { return }
      input.yield(RolloutInput(.tick))
    }
  }
}
