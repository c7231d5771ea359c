import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import Foundation

struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Bring nodes to the versions that fleet.yaml says they should serve, each as a rollout.",
    discussion: """
      Asks first, unless --yes is given. A rollout for each version goes to the nodes that serve something else, also to those that \
      were replaced or wiped, by the model's 'strategy' in fleet.yaml, else by 'default'. Nodes that do not answer are taken along, \
      but are no reason for a rollout by themselves; nodes that the version has failed on are left out. What a job is bringing \
      already is left to it. Exit status 0 when all is as it should be, 1 when a rollout failed or a node cannot have its \
      version, 3 when nodes are left that did not answer.
      """
  )

  @OptionGroup var options: FleetOptions

  @OptionGroup var scope: DesiredScope

  @OptionGroup(title: "Rollout") var rollout: RolloutOptions

  @Flag(help: "Do not ask.")
  var yes = false

  @Flag(help: "Print the plans or the jobs as JSON.")
  var json = false

  func run() async throws {
    let fleet = try scope.definition(options)
    let underWay = try RolloutsUnderWay.nodes(options, fleet)
    let versions = scope.versions(fleet, options)
    let difference = try await Connections.with(fleet.nodes, options: options, fleet: fleet) { agents in
      FleetDifference(fleet, survey: await NodeSurvey(of: agents), versions: versions)
    }
    let wanted = difference.rollouts(except: underWay.mapValues { Set($0.keys) })
    let orders = try self.orders(wanted, versions, fleet)
    if rollout.plan { return try show(await plans(of: orders, fleet)) }
    if !json { Complaint.print(difference.text.trimmingCharacters(in: CharacterSet.newlines)) }
    tellOfOthers(difference, underWay)
    if !orders.isEmpty { try await order(orders, fleet) }
    let reached = Set(orders.flatMap { order in order.nodes.map { Place(node: $0, version: order.model.version) } })
    let left = difference.entries.filter { !reached.contains(Place(node: $0.node, version: $0.desired)) }
    if left.contains(where: { $0.obstacle != nil }) { throw ExitStatus.failed }
    if left.contains(where: { $0.state == .unknown }) { throw ExitStatus.someUnreachable }
  }

  private struct Place: Hashable {
    var node: NodeName
    var version: ModelVersion
  }

  /// Throws a `UsageError` with every version that cannot be had and every option that is wrong.
  private func orders(
    _ rollouts: [DesiredRollout],
    _ versions: [ModelVersion: Result<LocalModel, CommandError>],
    _ fleet: FleetDefinition
  ) throws -> [RolloutOrder] {
    var problems: [String] = []
    let found = try rollouts.compactMap { wanted -> RolloutOrder? in
      let named = fleet.models.first { $0.name == wanted.version.name }?.desired?.strategy
      let strategy = try rollout.strategy(of: fleet, otherwise: named)
      switch versions[wanted.version] {
      case .success(let model):
        let nodes = wanted.nodes.count == 1 ? "\(wanted.nodes[0])" : "\(wanted.nodes.count) nodes"
        let title = "apply \(wanted.version) to \(nodes)"
        return try RolloutOrder(model, to: wanted.nodes, strategy, title: title, in: fleet)
      case .failure(let error):
        problems.append("\(wanted.version) should run, but cannot be pushed: \(error.message)")
        return nil
      case nil: return nil
      }
    }
    guard problems.isEmpty else { throw UsageError(problems.joined(separator: "\n")) }
    return found
  }

  private func plans(of orders: [RolloutOrder], _ fleet: FleetDefinition) async throws -> [Preflight] {
    let (options, nodes) = (options, fleet.nodes)
    return try await Connections.with(nodes, options: options, fleet: fleet) { agents in
      var plans: [Preflight] = []
      for order in orders { plans.append(await order.preflight(agents, by: options.operatorName)) }
      return plans
    }
  }

  private func show(_ plans: [Preflight]) throws {
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(plans), as: UTF8.self))
    } else if plans.isEmpty {
      print("nothing to roll out")
    } else {
      print(plans.map(\.text).joined(separator: "\n"), terminator: "")
    }
    if !plans.allSatisfy(\.isClear) { throw ExitStatus.failed }
  }

  private func tellOfOthers(_ difference: FleetDifference, _ underWay: [ModelVersion: [NodeName: JobID]]) {
    var nodes: [JobID: Int] = [:]
    for entry in difference.entries where entry.state != .same {
      if let job = underWay[entry.desired]?[entry.node] { nodes[job, default: 0] += 1 }
    }
    for (job, count) in nodes.sorted(by: { $0.key < $1.key }) {
      Complaint.print("\(job) is under way to \(count) of them already")
    }
  }

  private func order(_ orders: [RolloutOrder], _ fleet: FleetDefinition) async throws {
    if !yes {
      let words = orders.map { "\($0.title) by strategy '\($0.strategy.name)'" }
      try Confirmation.ask("\(words.joined(separator: ", "))?")
    }
    var ids: [JobID] = []
    for order in orders { ids.append(try await order.place(options, fleet)) }
    if rollout.detach {
      for id in ids { print(id) }
      return
    }
    try await JobsWatch.follow(ids, options: options, json: json)
  }
}
