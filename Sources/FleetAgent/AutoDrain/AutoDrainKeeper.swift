package import FleetCore
package import Logging

/// Shows the node to the rule by which it drains itself, every tick, and carries out what the rule says: with the drain that a person
/// orders, and with the siblings' leave. Needs nobody outside the store.
package actor AutoDrainKeeper {
  private let rule: AutoDrainRule
  private let drain: DrainKeeper
  /// What it does to the node is told there.
  private let changes: ChangeLog?
  private let file: StateFile<AutoDrain>
  private let clock: AgentClock
  private let log: Logger
  private var machine = AutoDrain()
  private var saved = AutoDrain()
  private var last: AutoDrain.Sight?
  /// What the drain was told last.
  private var trialShare = 0.0

  package init(
    rule: AutoDrainRule,
    drain: DrainKeeper,
    changes: ChangeLog? = nil,
    stateDirectory: String,
    clock: AgentClock,
    log: Logger,
    disk: Disk = Disk()
  ) throws {
    self.rule = rule
    self.drain = drain
    self.changes = changes
    file = try StateFile(path: "\(stateDirectory)/auto-drain.json", disk: disk)
    self.clock = clock
    self.log = log
  }

  /// Takes up where the agent before left off. Once, before the first tick.
  package func open() async {
    do {
      machine = try await file.load() ?? machine
      saved = machine
    } catch {
      log.error("auto-drain.json cannot be read, so auto-drain begins anew: \(JSONText.describe(error))")
    }
  }

  package var status: AutoDrainStatus { machine.status(rule.mode) }

  /// Takes what a tick says. Orders are carried out meanwhile.
  package func observe(_ frame: Frame) async {
    let sight = AutoDrain.Sight(frame, seconds: clock.seconds())
    last = sight
    let action = machine.observe(sight, rule)
    let trialShare = trialShare
    self.trialShare = if case .takeOnTrial(let share) = action { share } else { 0 }
    await keep()
    switch action {
    case .none: break
    case .takeOnTrial(let share):
      // The drain keeps it from then on.
      guard share != trialShare else { return }
      Task { await self.drain.takeOnTrial(share: share) }
    case .drain(let reason): Task { await self.leave(reason) }
    case .undrain: Task { await self.comeBack() }
    }
  }

  /// A console objects to a drain that was announced; throws when none is.
  package func hold(because reason: String) async throws(CommandError) {
    guard let last, machine.held(reason, last) else {
      throw CommandError(.refused, "it is not about to drain itself")
    }
    log.notice("auto-drain may not: \(reason)")
    await keep()
  }

  private func leave(_ reason: String) async {
    let order = DrainOrder(reason: reason, orderedBy: AutoDrain.orderedBy)
    do throws(CommandError) {
      _ = try await drain.drain(order, isAutomatic: true)
      log.warning("auto-drain: \(reason)")
      if let last { machine.ordered(reason, last) }
      await changes?.note(.autoDrained, "drained itself: \(reason)", orderedBy: AutoDrain.orderedBy)
    } catch {
      log.notice("auto-drain may not: \(error)")
      if let last { machine.refused(error.message, last) }
    }
    await keep()
  }

  private func comeBack() async {
    log.notice("auto-drain: \(status.text)")
    do throws(CommandError) {
      try await drain.undrain()
      await changes?.note(.undrained, "serves again", orderedBy: AutoDrain.orderedBy)
    } catch {
      // It is told again with the next tick.
      log.warning("auto-drain: the node does not come back yet: \(error)")
    }
  }

  private func keep() async {
    let (next, before) = (machine, saved)
    guard next.kept != before.kept else { return }
    saved = next
    do {
      try await file.save(next)
    } catch {
      log.warning("where auto-drain stands is not on disk: \(error)")
    }
  }
}
