import FleetCore
import Logging

/// Brings a version of the repository into the engine, one at a time. The switch on disk comes after the engine serves it, so that a
/// version that fails leaves everything as it was.
actor Activator {
  private let repository: ModelRepository
  private let supervisor: EngineSupervisor
  private let options: [String: ModelOptions]
  private let log: Logger
  private var underWay: ModelVersion?

  init(
    repository: ModelRepository,
    supervisor: EngineSupervisor,
    options: [String: ModelOptions] = [:],
    log: Logger
  ) {
    self.repository = repository
    self.supervisor = supervisor
    self.options = options
    self.log = log
  }

  func activate(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> Activation {
    if let underWay { throw CommandError(.conflict, "\(underWay) is being activated; try again when it is done") }
    underWay = version
    defer { underWay = nil }
    // A task of its own: a caller that hangs up must not leave the engine with one version and the disk with another.
    let work = Task { () -> Result<Activation, CommandError> in
      do throws(CommandError) {
        return .success(try await self.bring(version, digest: digest))
      } catch {
        return .failure(error)
      }
    }
    return try await work.value.get()
  }

  func rollback(_ model: String) async throws(CommandError) -> Activation {
    guard let entry = await repository.activeVersions.models[model]?.previous else {
      throw CommandError(.notFound, "this node holds no earlier version of '\(model)' to go back to")
    }
    return try await activate(ModelVersion(name: model, number: entry.version), digest: entry.digest)
  }

  private func bring(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> Activation {
    await repository.hold(version)
    do throws(CommandError) {
      let activation = try await bringHeld(version, digest: digest)
      await repository.hold(nil)
      return activation
    } catch {
      await repository.hold(nil)
      throw error
    }
  }

  private func bringHeld(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> Activation {
    let folder = try await repository.verified(version, digest: digest)
    let before = await repository.activeVersions.models[version.name]
    let loaded = await supervisor.snapshot.models.first { $0.name == version.name }
    if before?.active.isSame(version.number, digest) == true, loaded?.digest == digest {
      return Self.activation(version, digest, previous: before?.previous, milliseconds: 0)
    }
    let milliseconds = try await load(version, digest: digest, folder: folder)
    do throws(CommandError) {
      try await repository.switchActive(to: version, digest: digest)
    } catch {
      await goBack(to: before, of: version.name)
      throw error
    }
    let previous = await repository.activeVersions.models[version.name]?.previous
    return Self.activation(version, digest, previous: previous, milliseconds: milliseconds)
  }

  /// Has the engine serve a version. One that it cannot load is remembered with the reason.
  private func load(
    _ version: ModelVersion,
    digest: ModelDigest,
    folder: String
  ) async throws(CommandError) -> Double {
    do throws(CommandError) {
      return try await supervisor.activate(
        EngineSupervisor.Load.Version(
          version: version,
          digest: digest,
          folder: folder,
          options: options[version.name] ?? ModelOptions()
        )
      )
    } catch {
      let engine = await supervisor.snapshot.status
      // Without a runtime no version can be loaded: that is no fault of this one.
      let hasNoRuntime = engine.state == .failed && engine.runtime == nil
      if error.code == .unusable, !hasNoRuntime { await remember(version, digest: digest, error.message) }
      throw error
    }
  }

  private func remember(_ version: ModelVersion, digest: ModelDigest, _ reason: String) async {
    do throws(CommandError) {
      try await repository.remember(version, digest: digest, reason: "could not be loaded: \(reason)")
    } catch {
      log.warning("what is wrong with \(version) is not remembered: \(error)")
    }
  }

  /// The disk did not take the switch: the engine goes back to what the disk says.
  private func goBack(to before: ActiveModel?, of name: String) async {
    guard let entry = before?.active else {
      // A first version: the next engine starts without it, as the disk says.
      return await supervisor.restart(because: "it serves \(name), which the disk did not take")
    }
    let version = ModelVersion(name: name, number: entry.version)
    let folder = await repository.path(of: version)
    do throws(CommandError) {
      _ = try await supervisor.activate(
        EngineSupervisor.Load.Version(
          version: version,
          digest: entry.digest,
          folder: folder,
          options: options[name] ?? ModelOptions()
        )
      )
    } catch {
      log.error("\(version) did not come back: \(error)")
    }
  }

  private static func activation(
    _ version: ModelVersion,
    _ digest: ModelDigest,
    previous: ActiveModel.Entry?,
    milliseconds: Double
  ) -> Activation {
    Activation(
      active: version,
      digest: digest,
      previous: previous.map { ModelVersion(name: version.name, number: $0.version) },
      loadMilliseconds: milliseconds
    )
  }
}
