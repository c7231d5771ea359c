import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say once how every node is. Exit status 3 when some cannot be reached."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Which nodes (default: all).", valueName: "query"))
  var nodes: String = "all"

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    let fleet = try options.definition(of: nodes)
    let everybodyAnswered = try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      let state = try await FleetListener(definition: fleet, agents: agents).settled()
      print(
        json ? StatusDocument(state).encoded() + "\n" : StatusTable.render(state, isColored: isColored),
        terminator: ""
      )
      return state.nodes.allSatisfy { $0.isReachable(at: state.now) }
    }
    guard everybodyAnswered else { throw ExitStatus.someUnreachable }
  }

  private var isColored: Bool {
    isatty(STDOUT_FILENO) == 1 && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }
}
