import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Follow the fleet: what happens, a line each; with --json, its whole status each interval."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Which nodes (default: all).", valueName: "query"))
  var nodes: String = "all"

  @Flag(help: "Print a JSON document a line, schema 1, as 'fleet status --json' does.")
  var json = false

  @Option(help: ArgumentHelp("Time between two lines of JSON, 100ms to 60s.", valueName: "time"))
  var interval: String = "1s"

  @Option(help: "End after so many lines (default: never).")
  var count: Int?

  func run() async throws {
    let fleet = try options.definition(of: nodes)
    guard let interval = Quantity.duration(interval), FrameRequest.intervalBounds.contains(interval) else {
      throw UsageError("--interval: expected a duration from '100ms' to '60s', found '\(interval)'")
    }
    if let count, count < 1 { throw UsageError("--count: expected a positive number, found '\(count)'") }
    let everybodyAnswered = try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      var lines = 0
      var told = 0
      let listener = FleetListener(definition: fleet, agents: agents)
      let last = try await listener.run(tick: interval) { state, isTick in
        if json {
          guard isTick else { return true }
          print(StatusDocument(state).encoded())
          lines += 1
        } else {
          let events = state.log.events(after: told)
          for event in events {
            let node = event.node.map { "\($0) " } ?? ""
            print("\(event.date.formatted(.iso8601)) \(node)\(event.text)")
          }
          told = state.log.total
          lines += events.count
        }
        // A reader that has gone away, as in 'fleet watch | head', ends the command.
        guard fflush(nil) == 0 else { return false }
        return count.map { lines < $0 } ?? true
      }
      return last.nodes.allSatisfy { $0.isReachable(at: last.now) }
    }
    guard everybodyAnswered else { throw ExitStatus.someUnreachable }
  }
}
