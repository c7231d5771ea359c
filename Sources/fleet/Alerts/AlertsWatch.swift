import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import Foundation
import NIOCore
import NIOPosix
import Synchronization

struct AlertsWatch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow the fleet, raise and resolve alerts, and tell of each: a line, a POST of JSON, a program.",
    discussion: """
      One watches a fleet at a time. What could not be told is told when the webhook or program works again, also by the next \
      watch; what changes meanwhile is told once, as it is then. A webhook that answers 4xx does not get that one again.
      """
  )

  @OptionGroup var options: FleetOptions

  @Option(help: ArgumentHelp("POST JSON to it, http or https; may be given several times.", valueName: "url"))
  var webhook: [String] = []

  @Option(
    help: ArgumentHelp("Certificates to trust for https instead of the system's, PEM.", valueName: "file")
  )
  var webhookAuthority: String?

  @Option(
    help: ArgumentHelp(
      "Run it in a shell with the JSON on its standard input, 30 s at most; may be given several times.",
      valueName: "command"
    )
  )
  var exec: [String] = []

  @Flag(help: "Print a JSON document a line, as a webhook gets it.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let isRead = Mutex(true)
    let sinks = try self.sinks(group: group) { isRead.withLock { $0 = false } }
    let keeper = AlertKeeper(store: try options.openJobs(), fleet: options.jobFleet(fleet))
    guard let lock = try keeper.store.takeAlertWatch(of: keeper.fleet) else {
      let owner = keeper.store.alertWatcher(of: keeper.fleet).map { " (\($0))" } ?? ""
      throw CommandError(.conflict, "another 'fleet alerts watch' has fleet '\(fleet.name)'\(owner)")
    }
    defer { withExtendedLifetime(lock) {} }
    try keeper.forget(nodesOutside: Set(fleet.nodes.map(\.name)))
    let dispatcher = AlertDispatcher(sinks, keeper: keeper, fleet: fleet)
    try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      let telling = Task { await dispatcher.run() }
      defer { telling.cancel() }
      let (readings, reading) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingNewest(1))
      let recorder = AlertRecorder(keeper: keeper, dispatcher: dispatcher) { reading.yield(.alerts($0, recorded: nil)) }
      let listener = FleetListener(definition: fleet, agents: agents)
      try await listener.run(tick: .seconds(1), extra: readings) { state, isTick in
        if isTick { recorder.look(state.alertObservation) }
        return isRead.withLock { $0 }
      }
    }
    try? await group.shutdownGracefully()
  }

  /// Throws a `UsageError` with everything that is wrong.
  private func sinks(group: any EventLoopGroup, onEnd: @escaping @Sendable () -> Void) throws -> [any AlertSink] {
    var problems: [String] = []
    var sinks: [any AlertSink] = [PrintedAlerts(isJSON: json, onEnd: onEnd)]
    for url in webhook {
      do {
        sinks.append(try Webhook(url, authority: webhookAuthority, group: group))
      } catch {
        problems.append("\(error)")
      }
    }
    for command in exec {
      if command.allSatisfy(\.isWhitespace) { problems.append("--exec: expected a command, found '\(command)'") }
      sinks.append(AlertProgram(command: command))
    }
    if webhookAuthority != nil, webhook.isEmpty {
      problems.append("--webhook-authority: there is no --webhook to trust it for")
    }
    guard problems.isEmpty else { throw UsageError(problems.joined(separator: "\n")) }
    return sinks
  }
}

/// Writes down what a watch sees whenever it is something else, and again after the disk has failed.
private final class AlertRecorder {
  private let keeper: AlertKeeper
  private let dispatcher: AlertDispatcher
  private let tell: (AlertReading) -> Void
  private var recorded: AlertObservation?
  private var problem = ""

  /// `tell` is told what the disk holds, since others write there too.
  init(keeper: AlertKeeper, dispatcher: AlertDispatcher, tell: @escaping (AlertReading) -> Void) {
    self.keeper = keeper
    self.dispatcher = dispatcher
    self.tell = tell
  }

  func look(_ observation: AlertObservation?) {
    do throws(CommandError) {
      if let observation, recorded.map({ !observation.isSame(as: $0) }) ?? true {
        try keeper.record(observation)
        recorded = observation
      }
      try dispatcher.refill()
      tell(try keeper.read(limit: 0))
      problem = ""
    } catch {
      if problem != error.message { Complaint.print("fleet: \(error.message); it is tried again") }
      problem = error.message
    }
  }
}
