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

  @OptionGroup(title: "Rollout") var rollout: RolloutOptions

  @Flag(help: "Print the outcome as JSON.")
  var json = false

  func run() async throws {
    let fleet = try options.definition()
    let model = try localModel(fleet)
    let nodes = try Selection(to, in: fleet).nodes
    if rollout.isAsked {
      let strategy = try rollout.strategy(of: fleet)
      let title = "push \(model.version) to \(to)"
      let order = try RolloutOrder(model, to: nodes.map(\.name), strategy, title: title, in: fleet)
      if rollout.plan {
        let found = try await Connections.with(nodes, options: options, fleet: fleet) { agents in
          await order.preflight(agents, by: options.operatorName)
        }
        return try show(found)
      }
      let id = try await order.place(options, fleet)
      return rollout.detach ? print(id) : try await JobsWatch.follow([id], options: options, json: json)
    }
    let limits = TransferLimits(try rollout.strategy(of: fleet))
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let plan = PushPlan(model: model, nodes: nodes.map(\.name))
      let job = PushJob(plan, agents: AgentDirectory(agents), pace: TransferPace(limits))
      try await JobRunner.run(job, json: json)
    }
  }

  private func show(_ found: Preflight) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(found), as: UTF8.self))
    } else {
      print(found.text, terminator: "")
    }
    if !found.isClear { throw ExitStatus.failed }
  }

  private func localModel(_ fleet: FleetDefinition) throws -> LocalModel {
    guard let wanted = ModelVersion(version) else {
      throw UsageError("expected MODEL@VERSION such as 'tag-reader@2', found '\(version)'")
    }
    let folders = ModelFolders(fleet: fleet, file: options.fleet)
    do throws(CommandError) {
      guard let path else { return try folders.model(wanted) }
      return try folders.model(wanted, in: path)
    } catch {
      throw UsageError(error.message)
    }
  }
}
