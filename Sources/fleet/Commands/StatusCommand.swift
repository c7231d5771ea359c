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

  /// How long a node may take to answer before it counts as unreachable.
  private static let patience = 5.3
  /// A larger fleet is looked at a few times a second instead of after each message.
  private static let smallFleet = 64

  func run() async throws {
    let fleet = try options.definition(of: nodes)
    let everybodyAnswered = try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      var start: Double?
      let listener = FleetListener(definition: fleet, agents: agents)
      let state = try await listener.run(tick: .milliseconds(100)) { state, isTick in
        let begun = start ?? state.now.uptime
        start = begun
        guard isTick || state.nodes.count <= Self.smallFleet else { return true }
        // Counted from when the last of them was dialled.
        let dialled = state.nodes.reduce(begun) { max($0, $1.since) }
        let waited = state.now.uptime - dialled
        let isSettled = state.nodes.allSatisfy { node in
          // The first frames come from the node's history, so a rate is there as soon as two are.
          let hasRate = node.metrics.requestsPerSecond != nil || node.last?.models.isEmpty == true
          return (node.last != nil && node.description != nil && hasRate) || node.linkError?.isEmpty == false
        }
        return waited < Self.patience && !(isSettled && waited > 0.3)
      }
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
