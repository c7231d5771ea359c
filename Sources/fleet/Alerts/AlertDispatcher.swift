import FleetConsole
import FleetCore
import Foundation
import Synchronization

/// Tells sinks of what the disk says they have not been told. What was told is written down, so that whoever comes after a crash goes
/// on there: nothing is left out, and only what was being told at that moment is told twice.
final class AlertDispatcher: Sendable {
  private static let lookInterval = Duration.milliseconds(100)

  private let keeper: AlertKeeper
  private let definition: FleetDefinition
  private let sinks: [any AlertSink]
  private let outbox: Mutex<AlertOutbox>
  private let start = ContinuousClock.now

  init(_ sinks: [any AlertSink], keeper: AlertKeeper, fleet definition: FleetDefinition) {
    self.sinks = sinks
    self.keeper = keeper
    self.definition = definition
    outbox = Mutex(AlertOutbox(sinks: sinks.count))
  }

  /// Looks on the disk for what is to be told, and writes down there what was told and is not known there yet.
  func refill() throws(CommandError) {
    let untold = try keeper.untold(limit: AlertOutbox.capacity)
    for alert in outbox.withLock({ $0.offer(untold) }) { try keeper.told(alert) }
  }

  /// Until the task is cancelled; each sink at its own pace.
  func run() async {
    await withTaskGroup { group in
      for index in sinks.indices { group.addTask { await self.serve(index) } }
    }
  }

  private var now: Double { start.duration(to: .now).seconds }

  private func serve(_ index: Int) async {
    let sink = sinks[index]
    var lastProblem = ""
    while !Task.isCancelled {
      guard let alert = outbox.withLock({ $0.next(for: index, at: now) }) else {
        try? await Task.sleep(for: Self.lookInterval)
        continue
      }
      let message = AlertMessage(alert, fleet: definition.name, isSimulated: definition.isSimulated)
      let outcome = await sink.tell(message)
      if Task.isCancelled, outcome != .delivered { return }
      switch outcome {
      case .delivered: lastProblem = ""
      case .refused(let why): Complaint.print("fleet: \(sink.name) does not take alert \(alert.id): \(why)")
      case .failed(let why):
        // Once for each thing that is wrong: it is tried again and again.
        if why != lastProblem { Complaint.print("fleet: \(sink.name): \(why); it is tried again") }
        lastProblem = why
      }
      let isTold = outbox.withLock {
        $0.settle(alert, sink: index, outcome, at: now, jitter: .random(in: 0...1))
      }
      guard isTold else { continue }
      do throws(CommandError) {
        try keeper.told(alert)
      } catch {
        Complaint.print("fleet: alert \(alert.id) was told, but that could not be written down: \(error.message)")
      }
    }
  }
}
