import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct DrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Take a node out of service: new requests go to a sibling, those in flight finish, then it is drained.",
    discussion: """
      Waits until the node measures nothing in flight. What is left at the deadline goes to a sibling, or is cut off and \
      counted. A node refuses to be drained when no sibling in its store can take over, unless --force is given.
      """
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Which nodes, such as denver-02/b.", valueName: "query"))
  var nodes: String

  @Option(help: "Why, for the next person; needed unless only the plan is asked for.")
  var reason: String?

  @Option(help: ArgumentHelp("How long requests in flight may take, such as 60s.", valueName: "time"))
  var deadline: String = "10m"

  @Flag(help: "Drain even the last serving node of a store: its requests are then refused.")
  var force = false

  @Flag(help: "Only say what would happen: who takes over, what they have left, or why not. Nothing is ordered.")
  var plan = false

  @Flag(help: "Print the outcome, or the plan, as JSON.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let nodes = try Selection(nodes, in: fleet).nodes
    if plan { return try await foretell(nodes, in: fleet) }
    guard let deadline = Quantity.duration(deadline), deadline > .zero else {
      throw UsageError("--deadline: expected a duration such as '60s', found '\(deadline)'")
    }
    guard let reason, !reason.trimmingCharacters(in: .whitespaces).isEmpty else {
      throw UsageError("--reason: the next person wants to know why, such as 'p99 over SLO'")
    }
    let order = DrainOrder(reason: reason, orderedBy: NSUserName(), deadline: deadline, isForced: force)
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let plan = DrainPlan(nodes: nodes.map(\.name), order: order)
      try await JobRunner.run(DrainJob(plan, agents: AgentDirectory(agents)), json: json)
    }
  }

  /// Throws status 1 when one of them would not be drained without force, 3 when that is because it cannot be reached.
  private func foretell(_ nodes: [FleetDefinition.Node], in fleet: FleetDefinition) async throws {
    let stores = Set(nodes.map(\.name.store))
    let part = fleet.narrowed(to: fleet.nodes.filter { stores.contains($0.name.store) })
    let state = try await Connections.with(part.nodes, options: options, fleet: part) { agents in
      try await FleetListener(definition: part, agents: agents).settled()
    }
    let forecast = DrainForecast(nodes.map(\.name), of: state)
    if json {
      print(forecast.encoded(fleet: fleet.name, isSimulated: fleet.isSimulated))
    } else {
      for line in forecast.lines { print(line) }
    }
    guard !forecast.isClear else { return }
    let isReachable = nodes.allSatisfy { state.node($0.name)?.isReachable(at: state.now) ?? false }
    throw isReachable ? ExitStatus.failed : ExitStatus.someUnreachable
  }
}

struct UndrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undrain",
    abstract: "Put drained nodes, or nodes that are being drained, back into service."
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Which nodes, such as denver-02/b.", valueName: "query"))
  var nodes: String

  @Flag(help: "Print the outcome as JSON.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let nodes = try Selection(nodes, in: fleet).nodes
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let job = UndrainJob(nodes.map(\.name), operatorName: NSUserName(), agents: AgentDirectory(agents))
      try await JobRunner.run(job, json: json)
    }
  }
}
