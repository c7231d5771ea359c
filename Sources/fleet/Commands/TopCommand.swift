import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Open the dashboard: live latency, utilization and watts of every node, and push and drain."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Which nodes (default: all).", valueName: "query"))
  var nodes: String = "all"

  @Option(help: ArgumentHelp("File or name of the theme.", valueName: "theme"))
  var theme: String?

  func run() async throws {
    let fleet = try options.definition(of: nodes)
    let themes = try ThemeChoice.themes(wanted: theme)
    try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      let jobs = JobsOnDisk(options: options, fleet: fleet, person: options.person ?? NSUserName())
      let alerts = AlertsOnDisk(options: options, fleet: fleet)
      try await Dashboard.run(fleet: fleet, agents: agents, themes: themes, jobs: jobs, alerts: alerts)
    }
  }
}
