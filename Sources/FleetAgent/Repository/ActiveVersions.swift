package import FleetCore
import FoundationEssentials

/// What `active.json` holds: for each model the version that is served and the one to go back to.
package struct ActiveVersions: Sendable, Equatable, Codable {
  package struct Entry: Sendable, Equatable, Codable {
    package var version: Int
    package var digest: ModelDigest

    package init(version: Int, digest: ModelDigest) {
      self.version = version
      self.digest = digest
    }
  }

  package struct Model: Sendable, Equatable, Codable {
    package var active: Entry
    package var previous: Entry?
  }

  package private(set) var schema = 1
  package private(set) var models: [String: Model] = [:]

  package init() {}

  /// Makes `version` the one that is served; the one before becomes the one to go back to.
  mutating func switchTo(_ version: ModelVersion, digest: ModelDigest) {
    let entry = Entry(version: version.number, digest: digest)
    let before = models[version.name]
    if before?.active == entry { return }
    models[version.name] = Model(active: entry, previous: before?.active)
  }

  /// Drops what is not on the disk any more.
  func limited(to isThere: (ModelVersion, ModelDigest) -> Bool) -> ActiveVersions {
    var limited = self
    for (name, model) in models {
      let isActiveThere = isThere(ModelVersion(name: name, number: model.active.version), model.active.digest)
      let previous = model.previous.flatMap { entry in
        isThere(ModelVersion(name: name, number: entry.version), entry.digest) ? entry : nil
      }
      if isActiveThere {
        limited.models[name]?.previous = previous
      } else {
        limited.models[name] = previous.map { Model(active: $0, previous: nil) }
      }
    }
    return limited
  }

  func role(of version: ModelVersion) -> RepositoryEntry.Role {
    guard let model = models[version.name] else { return .stored }
    return version.number == model.active.version
      ? .active : version.number == model.previous?.version ? .previous : .stored
  }

  var bytes: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      return Array(try encoder.encode(self))
    }
  }

  init(bytes: [UInt8]) throws {
    self = try JSONDecoder().decode(ActiveVersions.self, from: Data(bytes))
  }
}
