import FleetCore
import NIOCore

/// The calls of the Open Inference Protocol v2 on neutral types, once; REST and gRPC are codecs before it.
package final class InferenceService: Sendable {
  package let registry: ModelRegistry
  package let sharedMemory = SharedMemoryRegistry()
  /// Nil where nobody answers for what lies on the disk: then models come and go at the agent's word only.
  package let repository: (any RepositoryControl)?
  /// The computations that run, on event loops and on workers.
  package let computing: ComputeWatch
  let execution: Execution
  let scheduler: Scheduler

  /// Calls that take long are computed by as many threads as `workers`.
  package init(registry: ModelRegistry, workers: Int, repository: (any RepositoryControl)? = nil) {
    self.registry = registry
    let computing = ComputeWatch()
    let execution = Execution(watch: computing)
    self.computing = computing
    self.execution = execution
    scheduler = Scheduler(workers: workers) { execution.answer($0, waited: $1) }
    self.repository = repository
  }

  /// Runs every model that answers once, on the calling thread, so that the next client does not find it cold. One that fails at it will tell
  /// its clients why.
  func warmUp() {
    for served in registry.all where registry.find(served.version.name)?.active === served {
      let place = computing.begin(served, at: .now())
      defer { computing.end(place) }
      try? served.warmUp(runs: 1)
    }
  }

  /// Refuses what waits and comes, lets finish what computes.
  package func shutDown() async throws {
    try await scheduler.shutDown()
  }

  /// The version that answers for `name`: the active one when `version` is nil. Throws `.notFound` when there is none.
  package func find(_ name: String, version: String?) throws(ServingError) -> (active: ServedVersion, meter: ModelMeter)
  {
    guard let found = registry.find(name) else {
      let hint = NearName.hint(for: String(name.prefix(64)), among: registry.names)
      throw ServingError(.notFound, "no model \(ServingError.quote(name)) is served here\(hint)")
    }
    guard let version, version != String(found.active.version.number) else { return found }
    // As it is written and no other way: `+1` and `01` are no versions.
    if let number = Int(version), String(number) == version, let found = registry.find(name, version: number) {
      return found
    }
    let served = registry.versions(of: name).map { "'\($0.version.number)'" }
    let others = served.count == 1 ? "version \(served[0]) is" : "versions \(served.joined(separator: ", ")) are"
    throw ServingError(
      .notFound,
      "version \(ServingError.quote(version)) of '\(name)' is not served here; \(others)"
    )
  }
}
