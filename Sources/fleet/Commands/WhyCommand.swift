import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract:
      "Say what is wrong with a node, since when and by which evidence, what was done just before, and what to do.",
    discussion: """
      Its siblings are asked too. Exit status 3 when the node cannot be reached: then it says what was known last, and how \
      old that is.
      """
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("The node, such as denver-02/b.", valueName: "node"))
  var node: String

  @Flag(help: "Print one JSON document, schema 1.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let chosen = try Selection(node, in: fleet).nodes
    guard let node = chosen.first, chosen.count == 1 else {
      let names = chosen.prefix(3).map(\.name.description).joined(separator: ", ")
      throw UsageError("one node at a time; '\(self.node)' is \(chosen.count) of them: \(names), ...")
    }
    let store = fleet.narrowed(to: fleet.nodes.filter { $0.name.store == node.name.store })
    let why = try await Connections.with(store.nodes, options: options, fleet: store) { agents in
      let state = try await FleetListener(definition: store, agents: agents).settled()
      return Why(node.name, in: state)
    }
    guard let why else { throw UsageError("no node '\(node.name)' in fleet '\(fleet.name)'") }
    print(
      json ? why.encoded() + "\n" : why.text(utcOffset: TimeZone.current.secondsFromGMT()),
      terminator: ""
    )
    if !why.isReachable { throw ExitStatus.someUnreachable }
  }
}
