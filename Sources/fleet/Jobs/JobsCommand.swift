import ArgumentParser
import FleetCore
import FleetJournal
import Foundation

struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs",
    abstract: "List the fleet's jobs, follow one, pause, resume, cancel or undo it.",
    discussion: """
      A job is driven by a process of its own and goes on when the screen or command that ordered it is closed. One whose \
      process was killed is 'interrupted', and 'fleet jobs resume' goes on with it from its journal.
      """,
    subcommands: [
      JobsList.self, JobsShow.self, JobsWatch.self, JobsPause.self, JobsResume.self, JobsCancel.self, JobsUndo.self,
      JobsLog.self,
    ],
    defaultSubcommand: JobsList.self
  )
}

struct JobsList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the jobs, the newest first.")

  @OptionGroup var options: FleetOptions

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    let definition = try options.definition()
    let fleet = options.jobFleet(definition)
    let store = try options.existingJobs()
    let jobs = try store?.jobs(of: fleet) ?? []
    if json {
      print(
        try JobDocument.list(jobs, fleet: fleet.name, isSimulated: definition.isSimulated) { store?.owner(of: $0) }
      )
    } else if jobs.isEmpty {
      print("fleet '\(fleet.name)' has no jobs")
    } else {
      for line in JobText.list(jobs, at: .now) { print(line) }
    }
  }
}

struct JobsShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show all about a job: its report, its events with their times, and what was asked of it."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Such as push-0012, or just 12.", valueName: "job"))
  var id: String

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    let (store, job) = try options.job(named: id)
    let details = try JobDetails(job, in: store)
    let owner = store.owner(of: job.id)
    if json {
      print(try JobDocument.whole(details, isSimulated: options.isSimulated, owner: owner))
    } else {
      for line in JobText.whole(details, owner: owner, at: .now) { print(line) }
    }
  }
}

struct JobsLog: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Print what the processes of a job have written."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Such as push-0012, or just 12.", valueName: "job"))
  var id: String

  func run() async throws {
    let (store, job) = try options.job(named: id)
    guard let file = FileHandle(forReadingAtPath: store.logPath(job.id)) else {
      throw CommandError(.notFound, "\(job.id) has written nothing")
    }
    while let bytes = try file.read(upToCount: 64 << 10), !bytes.isEmpty { FileHandle.standardOutput.write(bytes) }
  }
}
