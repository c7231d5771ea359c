package import FleetCore
internal import FoundationEssentials
internal import Synchronization

/// Drives one rollout: keeps its events, asks the machine what to do, and does it on the nodes.
///
/// A driver may die at any point. Another one, given the same plan and the events that were kept, goes on from there. To undo a
/// rollout that has ended, add `.control(.undo)` to those events.
package struct RolloutJob: Sendable {
  private let plan: RolloutPlan
  private let model: LocalModel
  private let agents: AgentDirectory
  private let past: [(event: RolloutEvent, seconds: Double)]
  private let journal: any RolloutJournal
  private let controls: AsyncStream<RolloutControl>
  private let timing: RolloutTiming
  private let pace: TransferPace
  private let clock: @Sendable () -> Double

  /// `clock` gives Unix time in seconds.
  package init(
    plan: RolloutPlan,
    model: LocalModel,
    agents: AgentDirectory,
    replaying past: [(event: RolloutEvent, seconds: Double)] = [],
    journal: any RolloutJournal,
    controls: AsyncStream<RolloutControl> = AsyncStream { $0.finish() },
    timing: RolloutTiming = RolloutTiming(),
    pace: TransferPace = TransferPace(),
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) {
    self.plan = plan
    self.model = model
    self.agents = agents
    self.past = past
    self.journal = journal
    self.controls = controls
    self.timing = timing
    self.pace = pace
    self.clock = clock
  }

  /// Works until the rollout has ended, its journal cannot be written, or the task is cancelled (the rollout goes on with the next
  /// driver). `tell` is called every now and then while there is news, and with the last report.
  package func run(_ tell: @escaping @Sendable (RolloutReport) -> Void) async -> RolloutReport {
    let desk = RolloutDesk(RolloutMachine(plan, replaying: past))
    let (inputs, input) = AsyncStream.makeStream(of: RolloutInput.self)
    let (controls, interval) = (controls, timing.report)
    var problem: String?
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await Self.report(desk, every: interval, tell) }
      group.addTask { for await control in controls { input.yield(RolloutInput(.control(control))) } }
      var driver = RolloutDriver(
        plan: plan,
        model: model,
        agents: agents,
        journal: journal,
        timing: timing,
        pace: pace,
        clock: clock,
        desk: desk,
        input: input
      )
      problem = await withTaskCancellationHandler {
        await driver.run(inputs)
      } onCancel: {
        input.finish()
      }
      group.cancelAll()
    }
    let report = desk.report(problem: problem)
    tell(report)
    return report
  }

  private static func report(
    _ desk: RolloutDesk,
    every interval: Duration,
    _ tell: @Sendable (RolloutReport) -> Void
  ) async {
    var told: RolloutReport?
    while !Task.isCancelled {
      let report = desk.report()
      if report != told { tell(report) }
      told = report
      try? await Task.sleep(for: interval)
    }
  }
}

/// What the driver, its nodes' steps and its reports share.
final class RolloutDesk: Sendable {
  let machine: Mutex<RolloutMachine>
  let board = RolloutBoard()

  init(_ machine: RolloutMachine) {
    self.machine = Mutex(machine)
  }

  func report(problem: String? = nil) -> RolloutReport {
    RolloutReport(machine.withLock { $0 }, board: board.all, problem: problem)
  }
}
