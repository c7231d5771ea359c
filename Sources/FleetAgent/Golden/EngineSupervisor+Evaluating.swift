package import FleetCore
import FleetWire

extension EngineSupervisor {
  /// Clients go first meanwhile: a golden set may take its time.
  package static let evaluationDeadline: Duration = .seconds(60)

  /// Has the engine answer the golden set in `folder` with the version that it serves.
  package func evaluate(
    _ version: ModelVersion,
    digest: ModelDigest,
    folder: String,
    within deadline: Duration = evaluationDeadline
  ) async throws(CommandError) -> GoldenResult {
    guard isBriefed else {
      let problem = snapshot.status.problem.map { ": \($0)" } ?? ""
      throw CommandError(.unreachable, "the engine is away\(problem); try again when it serves")
    }
    let command = EngineCommand.evaluate(version, digest: digest, folder: folder, withinSeconds: deadline.seconds)
    let reply = try await call(command, within: deadline + Self.loadGrace)
    guard case .evaluated(let result) = reply else {
      throw CommandError(.failed, "the engine answered something else: \(reply)")
    }
    return result
  }
}
