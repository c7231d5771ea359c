import ArgumentParser
import FleetCore
import FleetJournal
import Foundation

/// What the processes of jobs are started with. Hidden: people use `fleet jobs`.
struct JobCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "job",
    abstract: "Drive a job in this process.",
    shouldDisplay: false,
    subcommands: [Run.self, Rehearse.self]
  )

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Drive a job to its end, in this process.")

    @OptionGroup var options: FleetOptions
    @Argument(help: "Such as push-0012.") var id: String
    @Option(help: "The folder with the jobs.") var state: String

    func run() async throws {
      guard let id = JobID(id) else { throw UsageError("expected a job such as 'push-0012', found '\(id)'") }
      // The end of a terminal is none of a job's business, and its folder may be unmounted meanwhile.
      signal(SIGHUP, SIG_IGN)
      signal(SIGPIPE, SIG_IGN)
      unsafe chdir("/")
      let signals = StopSignals([SIGTERM, SIGINT])
      let store = try JobStore.open(folder: state)
      let work = try JobKinds.named(try store.job(id).id.kind).work(options)
      JobLog.line("\(id): process \(getpid())")
      let run = JobRun(id, in: store, log: { JobLog.line("\(id): \($0)") }, overdue: { Foundation.exit(1) })
      let driving = Task { () async -> Result<JobEnd, CommandError> in
        do throws(CommandError) {
          return .success(try await run.drive(work))
        } catch {
          return .failure(error)
        }
      }
      let ending = Task {
        await signals.wait()
        driving.cancel()
      }
      defer { ending.cancel() }
      guard try await driving.value.get().state == .succeeded else { throw ExitStatus.failed }
    }
  }

  struct Rehearse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Order a job that only counts and touches no node.")

    @OptionGroup var options: FleetOptions
    @Option(help: "How far it counts.") var steps: Int = 100
    @Option(help: "Time between two steps.") var pace: String = "100ms"
    @Option(help: "Fail at the end, and say so.") var fail: String?
    @Option(help: "The model that it is about.") var model: String?
    @Option(help: "The nodes that it is about.") var to: String = "all"
    @Flag(help: "Do not stop when told to.") var deaf = false

    func run() async throws {
      let fleet = try options.definition()
      let nodes = try Selection(to, in: fleet).nodes
      guard let pace = Quantity.duration(pace) else {
        throw UsageError("--pace: expected a duration such as '100ms', found '\(pace)'")
      }
      let spec = RehearsalWork.Spec(
        steps: steps,
        microseconds: Int(pace.microseconds),
        failure: fail,
        isDeaf: deaf
      )
      let order = JobOrder(
        kind: "rehearsal",
        title: "count to \(steps)",
        fleet: options.jobFleet(fleet),
        orderedBy: NSUserName(),
        spec: try JSONEncoder().encode(spec),
        model: model,
        nodes: nodes.map(\.name)
      )
      let store = try options.openJobs()
      let created = try store.create(order)
      for id in created.superseded { Complaint.print("\(id) is superseded by \(created.job.id)") }
      try await JobStarter(store: store, options: options).start(created.job.id)
      print(created.job.id)
    }
  }
}
