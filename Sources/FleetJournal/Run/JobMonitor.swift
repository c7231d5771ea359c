import Dispatch
internal import FleetCore
internal import Foundation
internal import Synchronization

/// Stands between the work and the store: everything that touches the disk happens on its own queue, so that no task waits for
/// one. Looks every `pace` what people want, writes the last report, and sees when the process has to end.
package final class JobMonitor: Sendable {
  /// How often it looks, and how long the work may take to stop.
  package struct Patience: Sendable {
    package var pace: Duration
    package var stop: Duration
    /// How long older jobs may take to let go of the same nodes.
    package var older: Duration

    package init(pace: Duration = .milliseconds(200), stop: Duration = .seconds(10), older: Duration = .seconds(300)) {
      self.pace = pace
      self.stop = stop
      self.older = older
    }
  }

  private struct State {
    var progress: JobProgress?
    var isEnding = false
    var stopReason: String?
    var stopDeadline: ContinuousClock.Instant?
    /// The store's last problem, so that it is told once and not five times a second.
    var problem: String?
  }

  let controls: AsyncStream<JobRequest>
  /// Ends when the process has to.
  let stops: AsyncStream<Never>
  private let driven: DrivenJob
  private let patience: Patience
  private let log: @Sendable (String) -> Void
  private let overdue: @Sendable () -> Void
  private let controlled: AsyncStream<JobRequest>.Continuation
  private let stopping: AsyncStream<Never>.Continuation
  private let queue = DispatchQueue(label: "fleet.job")
  // Made once and never touched again but to start and end it; Dispatch itself does not say that it is Sendable.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer
  private let state = Mutex(State())

  /// `overdue` is called when the work does not stop in time: its process has to be ended.
  init(
    _ driven: DrivenJob,
    standing: [JobRequest],
    patience: Patience,
    log: @escaping @Sendable (String) -> Void,
    overdue: @escaping @Sendable () -> Void
  ) {
    self.driven = driven
    self.patience = patience
    self.log = log
    self.overdue = overdue
    (controls, controlled) = AsyncStream.makeStream(of: JobRequest.self, bufferingPolicy: .bufferingNewest(64))
    (stops, stopping) = AsyncStream.makeStream(of: Never.self)
    unsafe timer = DispatchSource.makeTimerSource(queue: queue)
    for request in standing { deliver(request) }
  }

  func start() {
    let pace = DispatchTimeInterval.microseconds(Int(patience.pace.microseconds))
    unsafe timer.setEventHandler { [weak self] in self?.tick() }
    unsafe timer.schedule(deadline: .now() + pace, repeating: pace)
    unsafe timer.resume()
  }

  func append(_ event: Data) async throws(CommandError) {
    let driven = driven
    let result: Result<Void, CommandError> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(
          returning: Result { () throws(CommandError) in
            guard driven.isInPlace else { throw CommandError(.failed, "the folder of \(driven.id) was cleared away") }
            try driven.append(event)
          }
        )
      }
    }
    try result.get()
  }

  func tell(_ progress: JobProgress) {
    state.withLock { $0.progress = progress }
  }

  /// The process has to end; the work has a while to see it.
  func stop(_ reason: String) {
    let isFirst = state.withLock { state in
      guard state.stopReason == nil else { return false }
      state.stopReason = reason
      state.stopDeadline = .now.advanced(by: patience.stop)
      return true
    }
    guard isFirst else { return }
    log("stopping: \(reason)")
    stopping.finish()
  }

  var stopReason: String? { state.withLock { $0.stopReason } }

  /// Whether somebody has asked for what ends the job.
  var isEnding: Bool { state.withLock { $0.isEnding } }

  /// Writes what is left to write and touches the store no more.
  func finish() async {
    await withCheckedContinuation { continuation in
      queue.async { [self] in
        unsafe timer.cancel()
        flush()
        controlled.finish()
        stopping.finish()
        continuation.resume()
      }
    }
  }

  private func tick() {
    guard driven.isInPlace else { return stop("its folder was cleared away") }
    attempt { () throws(CommandError) in
      for request in try driven.unread() { deliver(request) }
    }
    flush()
    let isOverdue = state.withLock { state in
      guard let deadline = state.stopDeadline, .now >= deadline else { return false }
      state.stopDeadline = nil
      return true
    }
    if isOverdue { giveUp() }
  }

  private func deliver(_ request: JobRequest) {
    let note = request.note.isEmpty ? "" : ": \(request.note)"
    log("\(request.kind.rawValue) asked by \(request.orderedBy)\(note)")
    guard request.kind != .stop else { return stop(request.note) }
    if request.kind.isFinal { state.withLock { $0.isEnding = true } }
    controlled.yield(request)
  }

  private func flush() {
    guard let progress = state.withLock({ $0.progress }) else { return }
    attempt { () throws(CommandError) in
      try driven.tell(progress)
      // Another one may have come meanwhile.
      state.withLock { if $0.progress == progress { $0.progress = nil } }
    }
  }

  private func giveUp() {
    log("the work did not stop within \(patience.stop.seconds) s")
    attempt { () throws(CommandError) in
      try driven.end(
        .interrupted("\(stopReason ?? "stopped"); its work did not stop within \(patience.stop.seconds) s")
      )
    }
    overdue()
  }

  /// What cannot be written now is tried again at the next tick.
  private func attempt(_ body: () throws(CommandError) -> Void) {
    do throws(CommandError) {
      try body()
      state.withLock { $0.problem = nil }
    } catch {
      let isNews = state.withLock { state in
        defer { state.problem = error.message }
        return state.problem != error.message
      }
      if isNews { log(error.message) }
    }
  }
}
