import FleetConsole
import FleetCore
import FleetJournal
import Foundation

/// Records a push as a job and starts its process, for a command or for the screen.
struct PushOrdering: Sendable {
  let store: JobStore
  let options: FleetOptions

  /// Throws what is wrong with the certificate here, not in the log of a process that nobody reads.
  func order(
    _ push: PushOrder,
    of fleet: FleetDefinition,
    limit: String? = nil,
    by person: String
  ) async throws -> CreatedJob {
    let spec = RolloutWork.Spec(
      version: push.model.version,
      digest: push.model.manifest.digest,
      folder: JobFleet.absolute(push.model.folder),
      strategy: push.strategy,
      limit: limit
    )
    _ = try options.credentialFiles()
    let created = try store.create(
      JobOrder(
        kind: JobKind.rollout.name,
        title: "push \(push.model.version) to \(push.target)",
        fleet: options.jobFleet(fleet),
        orderedBy: person,
        spec: try JSONEncoder().encode(spec),
        model: push.model.version.name,
        nodes: push.nodes
      )
    )
    try await JobStarter(store: store, options: options).start(created.job.id)
    return created
  }
}
