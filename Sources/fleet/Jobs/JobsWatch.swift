import ArgumentParser
import FleetCore
import FleetJournal
import Foundation

struct JobsWatch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow a job until it ends. Exit status 0 when it succeeded, 1 when it did not."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Such as push-0012, or just 12.", valueName: "job"))
  var id: String

  @Flag(help: "Print a JSON document a line, at each change.")
  var json = false

  func run() async throws {
    let (store, job) = try options.job(named: id)
    try await Self.follow(job.id, in: store, options: options, json: json)
  }

  /// Follows jobs that were just ordered, one after the other: they go on side by side. Throws status 1 unless all succeeded.
  static func follow(_ ids: [JobID], options: FleetOptions, json: Bool) async throws {
    let store = try options.openJobs()
    for id in ids where !json {
      let follow = "fleet jobs watch \(id)\(options.hint)"
      Complaint.print("\(id) goes on when this command ends; '\(follow)' follows it")
    }
    var worst: ExitCode?
    for id in ids {
      do {
        try await follow(id, in: store, options: options, json: json)
      } catch let code as ExitCode {
        worst = code
      }
    }
    if let worst { throw worst }
  }

  /// Prints a line at each change and ends with the job. Whoever stops watching stops nothing else.
  static func follow(_ id: JobID, in store: JobStore, options: FleetOptions, json: Bool) async throws {
    let isSimulated = options.isSimulated
    var last = ""
    while true {
      let job = try store.job(id)
      let line =
        json
        ? try JobDocument.line(job, isSimulated: isSimulated, owner: store.owner(of: id)) : JobText.line(job)
      if line != last { print(line) }
      last = line
      // A reader that has gone away, as in 'fleet jobs watch 12 | head', ends the command.
      guard fflush(nil) == 0 else { return }
      switch job.state {
      case .succeeded: return
      case .failed, .cancelled, .undone: throw ExitStatus.failed
      case .interrupted:
        if !json { Complaint.print("fleet: 'fleet jobs resume \(id)\(options.hint)' goes on with it") }
        throw ExitStatus.failed
      case .queued, .running, .paused: try await Task.sleep(for: .milliseconds(200))
      }
    }
  }
}
