import FleetCore
import FleetJournal
import Foundation

/// Asks something of a job, for a command or for a key on the screen. Starts a process for the job when none drives it.
struct JobOrdering: Sendable {
  let store: JobStore
  let options: FleetOptions
  /// How long a process may take to read a request: it looks five times a second.
  var patience = Duration.seconds(10)

  /// Gives what came of it, for a person. Throws `.conflict` when the job's state does not allow it.
  func give(_ kind: JobRequest.Kind, to job: StoredJob, by person: String) async throws(CommandError) -> String {
    try check(kind, job)
    let before = try store.standingRequests(of: job.id).first
    let number = try store.request(kind, of: job.id, by: person)
    let follow = "'fleet jobs watch \(job.id)\(options.hint)' follows it"
    if !store.isDriven(job.id) {
      try await JobStarter(store: store, options: options).start(job.id)
      if kind == .resume, let before, before.kind != .pause {
        return "\(job.id) goes on, with what was asked of it before: \(before.kind.rawValue); \(follow)"
      }
      return kind == .resume ? "\(job.id) goes on; \(follow)" : "\(job.id): \(kind.rawValue) has begun; \(follow)"
    }
    if try await isHeard(number, job.id) { return "\(job.id): \(kind.rawValue) was heard; \(follow)" }
    let now = try store.job(job.id)
    guard now.state.isEnded else {
      guard kind != .pause, !store.isDriven(job.id) else {
        throw CommandError(
          .timeout,
          "\(job.id) did not hear it within \(patience.seconds) s; it is written down for it"
        )
      }
      try await JobStarter(store: store, options: options).start(job.id)
      return "\(job.id): \(kind.rawValue) has begun; \(follow)"
    }
    // It ended while we asked.
    guard kind == .undo, now.state != .undone else { throw Self.hasEnded(now) }
    try await JobStarter(store: store, options: options).start(job.id)
    return "\(job.id): undo has begun; \(follow)"
  }

  private func check(_ kind: JobRequest.Kind, _ job: StoredJob) throws(CommandError) {
    switch kind {
    case .pause:
      if job.state.isEnded { throw Self.hasEnded(job) }
      if job.state == .interrupted {
        throw CommandError(
          .conflict,
          "\(job.id) is interrupted, so there is nothing to pause; 'fleet jobs resume \(job.id)\(options.hint)' goes on with it"
        )
      }
    case .resume, .cancel, .supersede, .stop:
      if job.state.isEnded { throw Self.hasEnded(job) }
    case .undo:
      if job.state == .undone { throw Self.hasEnded(job) }
      if job.state.isEnded, let newer = try store.newerRivals(of: job.id).first {
        throw CommandError(
          .conflict,
          "\(newer) is newer and at work on nodes of \(job.id); 'fleet jobs cancel \(newer)\(options.hint)' first"
        )
      }
    }
  }

  /// Whether the job's process has read the request before it ended.
  private func isHeard(_ number: Int, _ id: JobID) async throws(CommandError) -> Bool {
    let end = ContinuousClock.now.advanced(by: patience)
    while ContinuousClock.now < end {
      let isDriven = store.isDriven(id)
      if try store.isAcknowledged(number) { return true }
      if !isDriven || Task.isCancelled { return false }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  private static func hasEnded(_ job: StoredJob) -> CommandError {
    let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
    return CommandError(.conflict, "\(job.id) has ended already: \(job.state.rawValue)\(reason)")
  }
}
