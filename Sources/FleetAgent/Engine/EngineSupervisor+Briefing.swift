package import FleetCore
package import FleetWire

extension EngineSupervisor {
  /// What an engine is told after each start, before anything else is asked of it.
  package struct Briefing: Sendable {
    /// Commands that must come first, such as a hand-off while the node is drained.
    package var standingOrders: [EngineCommand] = []
    /// What to load, by model.
    package var models: [Load] = []
    /// All versions that may be loaded.
    package var catalog: [CatalogEntry] = []

    package init(standingOrders: [EngineCommand] = [], models: [Load] = [], catalog: [CatalogEntry] = []) {
      self.standingOrders = standingOrders
      self.models = models
      self.catalog = catalog
    }
  }

  /// A model's active version, and the one to fall back on.
  package struct Load: Sendable {
    package struct Version: Sendable {
      package var version: ModelVersion
      package var digest: ModelDigest
      package var folder: String
      package var options: ModelOptions

      package init(
        version: ModelVersion,
        digest: ModelDigest,
        folder: String,
        options: ModelOptions = ModelOptions()
      ) {
        self.version = version
        self.digest = digest
        self.folder = folder
        self.options = options
      }

      func command(within deadline: Duration, freesFirst: Bool = false) -> EngineCommand {
        .activate(
          version,
          digest: digest,
          folder: folder,
          options: options,
          withinSeconds: deadline.seconds,
          freesFirst: freesFirst
        )
      }
    }

    package var active: Version
    package var previous: Version?

    package init(active: Version, previous: Version?) {
      self.active = active
      self.previous = previous
    }
  }
}
