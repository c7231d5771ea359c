package import FleetCore
internal import Foundation

/// Drives one job to its end in this process: takes its lock, waits until older jobs have let go of its nodes, does the work, and
/// records how it ended.
package struct JobRun: Sendable {
  private let store: JobStore
  private let id: JobID
  private let patience: JobMonitor.Patience
  private let log: @Sendable (String) -> Void
  private let overdue: @Sendable () -> Void

  /// `log` takes a line for the job's log. `overdue` is called when the work does not stop in time, with the job recorded as
  /// interrupted; it should end the process.
  package init(
    _ id: JobID,
    in store: JobStore,
    patience: JobMonitor.Patience = .init(),
    log: @escaping @Sendable (String) -> Void,
    overdue: @escaping @Sendable () -> Void
  ) {
    self.id = id
    self.store = store
    self.patience = patience
    self.log = log
    self.overdue = overdue
  }

  /// Cancelling the task interrupts the job. Throws when it cannot be driven: another process does it, or it has ended.
  package func drive(_ work: some JobWork) async throws(CommandError) -> JobEnd {
    guard let driven = try store.take(id) else {
      let owner = store.owner(of: id).map { " (\($0))" } ?? ""
      throw CommandError(.conflict, "\(id) is driven by another process\(owner)")
    }
    defer { driven.release() }
    let standing = try driven.begin()
    let monitor = JobMonitor(driven, standing: standing, patience: patience, log: log, overdue: overdue)
    let context = JobContext(
      job: try store.job(id),
      spec: try store.spec(of: id),
      nodes: try store.nodes(of: id),
      events: try store.events(of: id),
      standing: standing,
      controls: monitor.controls,
      monitor: monitor
    )
    log("begins, with \(context.events.count) events from before")
    monitor.start()
    let end = await ended(work, context, driven)
    await monitor.finish()
    if driven.isInPlace { try driven.end(end) }
    log("ends: \(end.state.rawValue)\(end.reason.isEmpty ? "" : ": \(end.reason)")")
    return end
  }

  private func ended(_ work: some JobWork, _ context: JobContext, _ driven: DrivenJob) async -> JobEnd {
    let monitor = context.monitor
    return await withTaskCancellationHandler {
      await withTaskGroup(of: JobEnd?.self) { group in
        group.addTask {
          if let early = await older(context, driven) { return early }
          return await work.run(context)
        }
        group.addTask {
          for await _ in monitor.stops {}
          return nil
        }
        var end: JobEnd?
        for await result in group {
          end = end ?? result
          group.cancelAll()
        }
        let result = end ?? .interrupted("stopped")
        guard result.state == .interrupted, let reason = monitor.stopReason else { return result }
        return .interrupted(reason)
      }
    } onCancel: {
      monitor.stop("its process was told to end")
    }
  }

  /// Waits for older jobs that were superseded by this one: two never work on a node at once. Nil when it may begin.
  private func older(_ context: JobContext, _ driven: DrivenJob) async -> JobEnd? {
    let end = ContinuousClock.now.advanced(by: patience.older)
    var told = ""
    while true {
      do throws(CommandError) {
        let older = try store.olderRivalsAtWork(of: id)
        guard !older.isEmpty else {
          if !told.isEmpty { try driven.resume() }
          return nil
        }
        let names = older.map(\.description).joined(separator: ", ")
        if told != names {
          told = names
          log("waits for \(names) to end")
          try driven.wait("waits for \(names) to end")
        }
        if context.events.isEmpty, context.monitor.isEnding { return .cancelled("before it began") }
        guard ContinuousClock.now < end else {
          return .failed("\(names) still works on its nodes after \(patience.older.seconds) s; nothing was begun")
        }
        try? await Task.sleep(for: patience.pace)
        if Task.isCancelled { return .interrupted("stopped") }
      } catch {
        return .interrupted(error.message)
      }
    }
  }
}
