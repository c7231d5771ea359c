import FleetCore
import FleetWire

/// What an engine is told of the repository.
extension ModelRepository {
  /// What a new engine has to load.
  func loads(_ options: [String: ModelOptions] = [:]) -> [EngineSupervisor.Load] {
    activeVersions.models.sorted { $0.key < $1.key }.map { name, model in
      func load(_ entry: ActiveModel.Entry) -> EngineSupervisor.Load.Version {
        let version = ModelVersion(name: name, number: entry.version)
        return EngineSupervisor.Load.Version(
          version: version,
          digest: entry.digest,
          folder: path(of: version),
          options: options[name] ?? ModelOptions()
        )
      }
      return EngineSupervisor.Load(active: load(model.active), previous: model.previous.map(load))
    }
  }

  /// All that may be loaded.
  func catalog(_ options: [String: ModelOptions] = [:]) -> [CatalogEntry] {
    entries.map { entry in
      CatalogEntry(
        version: entry.version,
        digest: entry.digest,
        folder: path(of: entry.version),
        isActive: entry.role == .active,
        options: options[entry.version.name] ?? ModelOptions(),
        problem: entry.problem
      )
    }
  }
}
