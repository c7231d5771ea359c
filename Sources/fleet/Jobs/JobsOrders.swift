import ArgumentParser
import FleetCore
import FleetJournal
import Foundation

struct JobsPause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Let a job finish what it has in hand and then wait."
  )

  @OptionGroup var order: JobOrderOptions

  func run() async throws { try await order.give(.pause) }
}

struct JobsResume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Let a paused job go on, or start a new process for an interrupted one."
  )

  @OptionGroup var order: JobOrderOptions

  func run() async throws { try await order.give(.resume) }
}

struct JobsCancel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "End a job; what it has done stays done."
  )

  @OptionGroup var order: JobOrderOptions

  func run() async throws { try await order.give(.cancel) }
}

struct JobsUndo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "End a job and bring back what was before it, also when it has ended already."
  )

  @OptionGroup var order: JobOrderOptions

  func run() async throws { try await order.give(.undo) }
}

/// What the commands that ask something of a job have in common.
struct JobOrderOptions: ParsableArguments {
  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Such as push-0012, or just 12.", valueName: "job"))
  var id: String

  @Flag(help: "Print the job as one JSON document.")
  var json = false

  func give(_ kind: JobRequest.Kind) async throws {
    let (store, job) = try options.job(named: id)
    let words = try await JobOrdering(store: store, options: options).give(kind, to: job, by: NSUserName())
    if json {
      print(try JobDocument.line(store.job(job.id), isSimulated: options.isSimulated, owner: store.owner(of: job.id)))
    } else {
      print(words)
    }
  }
}
