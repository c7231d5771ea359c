import FleetConsole
import FleetCore
import FleetJournal
import Foundation

/// A rollout that is about to be ordered.
struct RolloutOrder {
  let model: LocalModel
  let nodes: [NodeName]
  let strategy: RolloutStrategy
  let hours: StoreHours
  /// `push tag-reader@2 to tier=canary`
  let title: String

  init(
    _ model: LocalModel,
    to nodes: [NodeName],
    _ strategy: RolloutStrategy,
    title: String,
    in fleet: FleetDefinition
  ) throws(CommandError) {
    self.model = model
    self.nodes = nodes
    self.strategy = strategy
    self.title = title
    hours = try StoreHours(strategy.window, of: nodes, in: fleet)
  }

  /// What would happen and where it would fail.
  func preflight(_ agents: [any NodeAgent], by person: String) async -> Preflight {
    let plan = RolloutPlan(
      id: "plan",
      version: model.version,
      digest: model.manifest.digest,
      nodes: nodes,
      strategy: strategy,
      orderedBy: person
    )
    return await Preflight(plan, model: model, agents: AgentDirectory(agents), hours: hours)
  }

  /// Records it as a job, starts the job's process, and says which jobs it supersedes.
  func place(_ options: FleetOptions, _ fleet: FleetDefinition) async throws -> JobID {
    let created = try await record(in: options.openJobs(), options, fleet, by: options.operatorName)
    for id in created.superseded { Complaint.print("\(id) is superseded by \(created.job.id)") }
    return created.job.id
  }

  /// Records it as a job of `person` and starts the job's process. Throws what is wrong with the certificate here, not in the log of a
  /// process that nobody reads.
  func record(
    in store: JobStore,
    _ options: FleetOptions,
    _ fleet: FleetDefinition,
    by person: String
  ) async throws -> CreatedJob {
    let spec = RolloutWork.Spec(
      version: model.version,
      digest: model.manifest.digest,
      folder: JobFleet.absolute(model.folder),
      strategy: strategy
    )
    _ = try options.credentialFiles()
    let created = try store.create(
      JobOrder(
        kind: JobKind.rollout.name,
        title: fleet.isSimulated ? "\(title) (simulated)" : title,
        fleet: options.jobFleet(fleet),
        orderedBy: person,
        spec: try JSONEncoder().encode(spec),
        model: model.version.name,
        nodes: nodes
      )
    )
    try await JobStarter(store: store, options: options).start(created.job.id)
    return created
  }
}

/// Rollouts that are under way.
enum RolloutsUnderWay {
  /// The nodes that each version is being brought to, with the job that does. One that is interrupted brings nothing.
  static func nodes(_ options: FleetOptions, _ fleet: FleetDefinition) throws -> [ModelVersion: [NodeName: JobID]] {
    guard let store = try options.existingJobs() else { return [:] }
    var found: [ModelVersion: [NodeName: JobID]] = [:]
    for job in try store.jobs(of: options.jobFleet(fleet)) where job.id.kind == JobKind.rollout.name {
      guard !job.state.isEnded, job.state != .interrupted,
        let spec = try? JSONDecoder().decode(RolloutWork.Spec.self, from: store.spec(of: job.id))
      else { continue }
      for node in try store.nodes(of: job.id) { found[spec.version, default: [:]][node] = job.id }
    }
    return found
  }
}
