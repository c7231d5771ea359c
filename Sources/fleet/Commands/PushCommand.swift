import ArgumentParser
import FleetConsole
import FleetCore
import FleetTransfer
import Foundation

struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Bring a version of a model to nodes, one after the other, and switch to it without losing a request.",
    discussion: """
      Stops at the first failure and says where things stand; the version before stays on each node, and 'fleet rollback' \
      returns to it at once.
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

  @Flag(help: "Print the outcome as JSON.")
  var json = false

  func run() async throws {
    let rate = try limit.map { (text) throws(CommandError) in try ByteRate(parsing: text) }
    let fleet = try options.definition()
    let model = try localModel(fleet)
    let nodes = try Selection(to, in: fleet).nodes
    try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      let plan = PushPlan(model: model, nodes: nodes.map(\.name))
      let pace = TransferPace(TransferLimits(node: rate))
      try await JobRunner.run(PushJob(plan, agents: AgentDirectory(agents), pace: pace), json: json)
    }
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
