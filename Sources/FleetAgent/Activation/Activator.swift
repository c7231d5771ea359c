import FleetCore
import Logging

/// Brings a version of the repository into the engine, one at a time. The switch on disk comes after the engine serves it, so that a
/// version that fails leaves everything as it was. Where memory is short the siblings take over meanwhile, and the old version goes first.
actor Activator {
  private struct Work {
    let version: ModelVersion
    let digest: ModelDigest
    let task: Task<Result<Activation, CommandError>, Never>
  }

  private let repository: ModelRepository
  private let supervisor: EngineSupervisor
  private let drain: DrainKeeper
  private let memory: SwitchMemory
  private let options: [String: ModelOptions]
  private let log: Logger
  private var underWay: Work?

  init(
    repository: ModelRepository,
    supervisor: EngineSupervisor,
    drain: DrainKeeper,
    memory: SwitchMemory,
    options: [String: ModelOptions] = [:],
    log: Logger
  ) {
    self.repository = repository
    self.supervisor = supervisor
    self.drain = drain
    self.memory = memory
    self.options = options
    self.log = log
  }

  /// Whoever asks for what is under way already, as a console that lost its link and is back, waits for the same end.
  func activate(_ version: ModelVersion, digest: ModelDigest) async throws(CommandError) -> Activation {
    if let underWay {
      guard underWay.version == version, underWay.digest == digest else {
        throw CommandError(.conflict, "\(underWay.version) is being activated; try again when it is done")
      }
      return try await underWay.task.value.get()
    }
    // A task of its own: a caller that hangs up must not leave the engine with one version and the disk with another.
    let task = Task { () -> Result<Activation, CommandError> in
      defer { underWay = nil }
      do throws(CommandError) {
        return .success(try await self.bring(version, digest: digest))
      } catch {
        return .failure(error)
      }
    }
    underWay = Work(version: version, digest: digest, task: task)
    return try await task.value.get()
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
    let isApart = try await makeRoom(for: version, digest: digest, beside: loaded)
    let result = await load(version, digest: digest, folder: folder, freesFirst: isApart, before: before)
    if isApart { await drain.standBack() }
    let milliseconds = try result.get()
    let previous = await repository.activeVersions.models[version.name]?.previous
    return Self.activation(version, digest, previous: previous, milliseconds: milliseconds)
  }

  /// True when the old version has to go before the new one comes; the siblings have taken over by then.
  private func makeRoom(
    for version: ModelVersion,
    digest: ModelDigest,
    beside loaded: ModelStatus?
  ) async throws(CommandError) -> Bool {
    guard loaded != nil else { return false }
    let bytes = await repository.entries.first { $0.version == version && $0.digest == digest }?.bytes ?? 0
    guard let shortage = memory.shortage(for: version, bytes: bytes) else { return false }
    do throws(CommandError) {
      let siblings = try await drain.standAside()
      log.notice("\(shortage): \(siblings) until it is switched")
      return true
    } catch {
      throw CommandError(
        error.code,
        "\(shortage), and \(error.message); free some memory, or drain it with --force, switch it, and undrain it"
      )
    }
  }

  /// Has the engine serve a version, then the disk say so. What fails leaves the old one serving. One that the engine cannot load is
  /// remembered with the reason.
  private func load(
    _ version: ModelVersion,
    digest: ModelDigest,
    folder: String,
    freesFirst: Bool,
    before: ActiveModel?
  ) async -> Result<Double, CommandError> {
    let milliseconds: Double
    do throws(CommandError) {
      let load = load(version, digest: digest, folder: folder)
      milliseconds = try await supervisor.activate(load, freesFirst: freesFirst)
    } catch {
      let engine = await supervisor.snapshot.status
      // Without a runtime no version can be loaded: that is no fault of this one.
      let hasNoRuntime = engine.state == .failed && engine.runtime == nil
      if error.code == .unusable, !hasNoRuntime { await remember(version, digest: digest, error.message) }
      if freesFirst { await goBack(to: before, of: version.name) }
      return .failure(error)
    }
    do throws(CommandError) {
      try await repository.switchActive(to: version, digest: digest)
      return .success(milliseconds)
    } catch {
      await goBack(to: before, of: version.name)
      return .failure(error)
    }
  }

  private func load(_ version: ModelVersion, digest: ModelDigest, folder: String) -> EngineSupervisor.Load.Version {
    EngineSupervisor.Load.Version(
      version: version,
      digest: digest,
      folder: folder,
      options: options[version.name] ?? ModelOptions()
    )
  }

  private func remember(_ version: ModelVersion, digest: ModelDigest, _ reason: String) async {
    do throws(CommandError) {
      try await repository.remember(version, digest: digest, reason: "could not be loaded: \(reason)")
    } catch {
      log.warning("what is wrong with \(version) is not remembered: \(error)")
    }
  }

  /// The engine or the disk did not take the switch: the engine goes back to what the disk says.
  private func goBack(to before: ActiveModel?, of name: String) async {
    guard let entry = before?.active else {
      // A first version: the next engine starts without it, as the disk says.
      return await supervisor.restart(because: "it serves \(name), which the disk did not take")
    }
    let version = ModelVersion(name: name, number: entry.version)
    let folder = await repository.path(of: version)
    do throws(CommandError) {
      _ = try await supervisor.activate(load(version, digest: entry.digest, folder: folder))
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
