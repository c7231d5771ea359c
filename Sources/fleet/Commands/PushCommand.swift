import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import FleetTransfer
import Foundation

struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Bring a version of a model to nodes, and switch to it without losing a request.",
    discussion: """
      Goes from node to node, stops at the first failure and says where things stand; the version before stays on each node, \
      and 'fleet rollback' returns to it at once. With --strategy, or any option of one, it is a rollout: in waves of stores, \
      each node held against a gate, taken back by itself when it fails. A rollout is a job with a process of its own, which \
      neither ctrl-c nor the end of the terminal ends; 'fleet jobs' lists them.
      """
  )

  @OptionGroup var options: FleetOptions

  @Argument(help: ArgumentHelp("Model and version, such as tag-reader@2.", valueName: "model@version"))
  var version: String

  @Argument(help: "Folder with the version's files and manifest.json (default: where fleet.yaml says).")
  var path: String?

  @Option(help: ArgumentHelp("Which nodes: a name with *, a label, and, or, not.", valueName: "query"))
  var to: String

  @Option(help: ArgumentHelp("The most that one node gets, such as 2MB/s.", valueName: "rate"))
  var limit: String?

  @OptionGroup(title: "Rollout") var rollout: RolloutOptions

  @Flag(help: "Print the outcome as JSON.")
  var json = false

  func run() async throws {
    let rate = try limit.map { (text) throws(CommandError) in try ByteRate(parsing: text) }
    let fleet = try options.definition()
    let model = try localModel(fleet)
    let nodes = try Selection(to, in: fleet).nodes
    if rollout.isAsked {
      let strategy = try rollout.strategy(of: fleet)
      return rollout.plan
        ? try await showPlan(model, nodes, strategy, fleet)
        : try await order(model, nodes.map(\.name), strategy, fleet)
    }
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let plan = PushPlan(model: model, nodes: nodes.map(\.name))
      let pace = TransferPace(TransferLimits(node: rate))
      try await JobRunner.run(PushJob(plan, agents: AgentDirectory(agents), pace: pace), json: json)
    }
  }

  private func showPlan(
    _ model: LocalModel,
    _ nodes: [FleetDefinition.Node],
    _ strategy: RolloutStrategy,
    _ fleet: FleetDefinition
  ) async throws {
    let plan = RolloutPlan(
      id: "plan",
      version: model.version,
      digest: model.manifest.digest,
      nodes: nodes.map(\.name),
      strategy: strategy,
      orderedBy: options.person ?? NSUserName()
    )
    let found = try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      await Preflight(plan, model: model, agents: AgentDirectory(agents))
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(found), as: UTF8.self))
    } else {
      print(found.text, terminator: "")
    }
    if !found.isClear { throw ExitStatus.failed }
  }

  /// Records the job, starts its process, and follows it unless told not to.
  private func order(
    _ model: LocalModel,
    _ nodes: [NodeName],
    _ strategy: RolloutStrategy,
    _ fleet: FleetDefinition
  ) async throws {
    let store = try options.openJobs()
    let created = try await PushOrdering(store: store, options: options).order(
      PushOrder(model: model, nodes: nodes, strategy: strategy, target: to),
      of: fleet,
      limit: limit,
      by: options.person ?? NSUserName()
    )
    for id in created.superseded { Complaint.print("\(id) is superseded by \(created.job.id)") }
    if rollout.detach { return print(created.job.id) }
    if !json {
      let follow = "fleet jobs watch \(created.job.id)\(options.hint)"
      Complaint.print("\(created.job.id) goes on when this command ends; '\(follow)' follows it")
    }
    try await JobsWatch.follow(created.job.id, in: store, options: options, json: json)
  }

  private func localModel(_ fleet: FleetDefinition) throws -> LocalModel {
    guard let wanted = ModelVersion(version) else {
      throw UsageError("expected MODEL@VERSION such as 'tag-reader@2', found '\(version)'")
    }
    if let path {
      let model = try LocalModel(folder: path)
      guard model.version == wanted else { throw UsageError("\(path) holds \(model.version), not \(wanted)") }
      return model
    }
    guard let source = fleet.models.first(where: { $0.name == wanted.name }) else {
      let hint = NearName.hint(for: wanted.name, among: fleet.models.map(\.name))
      throw UsageError("\(options.fleet) names no model '\(wanted.name)'\(hint)")
    }
    let folder = "\(source.path)/\(wanted.number)"
    guard FileManager.default.fileExists(atPath: folder) else {
      let library = ModelLibrary(reading: [source], root: ".")
      let known = library.models.map { String($0.version.number) }.joined(separator: ", ")
      throw UsageError("no \(wanted) in \(source.path); there are versions \(known.isEmpty ? "none" : known)")
    }
    let model = try LocalModel(folder: folder)
    guard model.version == wanted else { throw UsageError("\(folder) holds \(model.version), not \(wanted)") }
    return model
  }
}
