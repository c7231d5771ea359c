import FleetCore

/// Has the engine answer golden sets, one at a time. Whoever asks for one that is under way gets its result, so that a caller whose line broke
/// may simply ask again.
actor GoldenExaminer {
  private struct Examination {
    var version: ModelVersion
    var digest: ModelDigest
    var result: Task<Result<GoldenResult, CommandError>, Never>
  }

  private let repository: ModelRepository
  private let supervisor: EngineSupervisor
  private var underWay: Examination?

  init(repository: ModelRepository, supervisor: EngineSupervisor) {
    self.repository = repository
    self.supervisor = supervisor
  }

  func evaluate(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> GoldenResult {
    if let underWay {
      guard underWay.version == version, underWay.digest == digest else {
        throw CommandError(.conflict, "\(underWay.version) is being evaluated; try again when it is done")
      }
      return try await underWay.result.value.get()
    }
    // A task of its own: it outlives a caller that hangs up.
    let work = Task { () -> Result<GoldenResult, CommandError> in
      do throws(CommandError) {
        return .success(try await self.examine(version, digest: digest))
      } catch {
        return .failure(error)
      }
    }
    underWay = Examination(version: version, digest: digest, result: work)
    let result = await work.value
    underWay = nil
    return try result.get()
  }

  private func examine(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> GoldenResult {
    let folder = try await repository.goldenFolder(of: version, digest: digest)
    return try await supervisor.evaluate(version, digest: digest, folder: folder)
  }
}
