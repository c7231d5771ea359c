import ArgumentParser
import FleetConsole
import FleetCore

struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Return nodes to the version that they served before, at once: it is still on their disks."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: "The model's name, such as tag-reader.")
  var model: String

  @Option(help: ArgumentHelp("Which nodes: a name with *, a label, and, or, not.", valueName: "query"))
  var to: String

  @Flag(help: "Print the outcome as JSON.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let nodes = try Selection(to, in: fleet).nodes
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let plan = RollbackPlan(model: model, nodes: nodes.map(\.name))
      try await JobRunner.run(RollbackJob(plan, agents: AgentDirectory(agents)), json: json)
    }
  }
}
