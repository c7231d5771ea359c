import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import Foundation

struct AlertsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alerts",
    abstract: "List what is and was wrong in the fleet, one alert a cause; take one on; tell others as it happens.",
    discussion: """
      Alerts are raised and resolved while a dashboard or 'fleet alerts watch' is open, and kept with the operator's jobs. The \
      same trouble at many nodes is one alert.
      """,
    subcommands: [AlertsList.self, AlertsAcknowledge.self, AlertsWatch.self],
    defaultSubcommand: AlertsList.self
  )
}

struct AlertsList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the open alerts and the latest of the others, as they were last written down."
  )

  @OptionGroup var options: FleetOptions

  @Option(help: ArgumentHelp("How many resolved ones to list at most.", valueName: "number"))
  var history: Int = 20

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    guard history >= 0 else { throw UsageError("--history: expected 0 or more, found '\(history)'") }
    let definition = try options.definition()
    let keeper = try options.existingJobs().map { AlertKeeper(store: $0, fleet: options.jobFleet(definition)) }
    var reading = try keeper?.read() ?? AlertReading(alerts: [])
    reading.alerts = reading.alerts.filter(\.isOpen) + reading.alerts.filter { !$0.isOpen }.prefix(history)
    if json {
      print(AlertDocument.list(reading, fleet: definition.name, isSimulated: definition.isSimulated))
      return
    }
    if reading.alerts.isEmpty {
      print("fleet '\(definition.name)' has no alerts")
    } else {
      print(AlertTable.render(reading.alerts, at: .now), terminator: "")
    }
    if reading.watcher == nil {
      Complaint.print(
        "no 'fleet alerts watch\(options.hint)' runs: without it, only an open dashboard raises and resolves them"
      )
    }
  }
}

struct AlertsAcknowledge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ack",
    abstract: "Take an alert on: say that you have it."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Its number, as 'fleet alerts' lists it.", valueName: "id"))
  var id: Int

  @Flag(help: "Print the alert as one JSON document.")
  var json = false

  func run() async throws {
    let definition = try options.definition()
    guard let store = try options.existingJobs() else {
      throw CommandError(.notFound, "fleet '\(definition.name)' has no alert \(id); it has none yet")
    }
    let keeper = AlertKeeper(store: store, fleet: options.jobFleet(definition))
    let alert = try keeper.acknowledge(id, by: options.operatorName)
    if json {
      print(AlertDocument.event(alert, fleet: definition.name, isSimulated: definition.isSimulated))
    } else {
      print("alert \(id): \(alert.acknowledgement?.by ?? options.operatorName) has it: \(alert.headline)")
    }
  }
}
