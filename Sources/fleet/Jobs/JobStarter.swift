import FleetCore
import FleetJournal
import Foundation

/// Starts processes for jobs. They go on when we end.
struct JobStarter: Sendable {
  let store: JobStore
  let options: FleetOptions
  /// How long a process may take to begin.
  private static let patience = Duration.seconds(20)

  /// Returns when the job's process has taken it. Throws when that ends before it has, with its last words.
  func start(_ id: JobID) async throws(CommandError) {
    guard !store.isDriven(id) else { return }
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path(percentEncoded: false)
    let log = store.logPath(id)
    let arguments = ["job", "run", id.description, "--state", store.folder] + options.absoluteArguments
    let before = try store.job(id).changed
    let process = try JobProcess.start(program, arguments, output: .log(log))
    let end = ContinuousClock.now.advanced(by: Self.patience)
    while ContinuousClock.now < end {
      // In this order: one that ended between two looks had its say before.
      let ended = process.ended
      if store.isDriven(id) { return }
      let job = try store.job(id)
      if job.state.isEnded, job.changed > before { return }
      if let ended {
        let words = JobLog.lastLine(log).map { ": \($0)" } ?? ""
        throw CommandError(.failed, "the process of \(id) ended before it began (\(ended))\(words)")
      }
      do {
        try await Task.sleep(for: .milliseconds(20))
      } catch {
        return
      }
    }
    throw CommandError(
      .timeout,
      "the process of \(id) (\(process.pid)) did not begin within \(Self.patience.seconds) s"
    )
  }

  /// Lets the processes of a fleet's jobs end, and waits for it a while. Their jobs are interrupted.
  static func stopAll(of fleet: JobFleet, in folder: String, by person: String, note: String) async {
    guard let store = try? JobStore.openExisting(folder: folder),
      let asked = try? store.stopProcesses(of: fleet, by: person, note: note)
    else { return }
    let end = ContinuousClock.now.advanced(by: .seconds(5))
    while ContinuousClock.now < end, asked.contains(where: store.isDriven) {
      try? await Task.sleep(for: .milliseconds(20))
    }
  }
}
