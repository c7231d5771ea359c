import ArgumentParser
import FleetConsole
import FleetCore
import Foundation

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show which nodes do not serve the versions that fleet.yaml says they should.",
    discussion: """
      Exit status 0 when all of them do, 1 when some serve something else, 3 when none is known to but some did not answer: \
      what they serve is unknown.
      """
  )

  @OptionGroup var options: FleetOptions

  @OptionGroup var scope: DesiredScope

  @Flag(help: "Print one JSON document, schema 1, with every node.")
  var json = false

  func run() async throws {
    let fleet = try scope.definition(options)
    let difference = try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      FleetDifference(fleet, survey: await NodeSurvey(of: agents), versions: scope.versions(fleet, options))
    }
    print(json ? difference.encoded() + "\n" : difference.text, terminator: "")
    if difference.count(.differs) > 0 { throw ExitStatus.failed }
    if difference.count(.unknown) > 0 { throw ExitStatus.someUnreachable }
  }
}

/// Which part of what `fleet.yaml` asks for is meant.
struct DesiredScope: ParsableArguments {
  @Argument(help: ArgumentHelp("Which nodes (default: all).", valueName: "query"))
  var nodes: String = "all"

  @Option(help: ArgumentHelp("Only this model (default: each that fleet.yaml says a version of).", valueName: "name"))
  var model: String?

  /// The fleet with those nodes and models alone. Throws a `UsageError` when its file asks for nothing.
  func definition(_ options: FleetOptions) throws -> FleetDefinition {
    var fleet = try options.definition(of: nodes)
    let known = fleet.models.filter { $0.desired != nil }
    guard !known.isEmpty else {
      throw UsageError(
        "\(options.fleet) does not say which version of a model should run; 'version: 2' with a model under 'models:' does"
      )
    }
    guard let model else { return fleet }
    fleet.models = known.filter { $0.name == model }
    guard fleet.models.isEmpty else { return fleet }
    let hint = NearName.hint(for: model, among: known.map(\.name))
    throw UsageError("\(options.fleet) does not say which version of '\(model)' should run\(hint)")
  }

  /// All that is asked for, or why it cannot be had.
  func versions(_ fleet: FleetDefinition, _ options: FleetOptions) -> [ModelVersion: Result<LocalModel, CommandError>] {
    let folders = ModelFolders(fleet: fleet, file: options.fleet)
    var found: [ModelVersion: Result<LocalModel, CommandError>] = [:]
    for source in fleet.models {
      for number in [source.desired?.number, source.desired?.canary?.number].compactMap(\.self) {
        let version = ModelVersion(name: source.name, number: number)
        do throws(CommandError) {
          found[version] = .success(try folders.model(version))
        } catch {
          found[version] = .failure(error)
        }
      }
    }
    return found
  }
}
