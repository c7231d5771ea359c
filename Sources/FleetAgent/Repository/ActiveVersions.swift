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
    /// When it became active, as Unix time in seconds; nil in files of before.
    package var since: Double?
  }

  /// A version that kept crashing. It is not chosen again unless an operator activates it.
  package struct Failure: Sendable, Equatable, Codable {
    package var version: ModelVersion
    package var digest: ModelDigest
    package var reason: String
  }

  /// The oldest are forgotten beyond that.
  private static let maximumFailures = 16

  package private(set) var schema = 1
  package private(set) var models: [String: Model] = [:]
  package private(set) var failures: [Failure] = []

  package init() {}

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schema = try container.decode(Int.self, forKey: .schema)
    models = try container.decode([String: Model].self, forKey: .models)
    // Files of before have none.
    failures = try container.decodeIfPresent([Failure].self, forKey: .failures) ?? []
  }

  /// Why a version is not to be chosen; nil when it may be.
  package func failure(of version: ModelVersion) -> String? {
    failures.first { $0.version == version }?.reason
  }

  /// Makes `version` the one that is served; the one before becomes the one to go back to. What it did before is forgiven.
  mutating func switchTo(_ version: ModelVersion, digest: ModelDigest, at seconds: Double? = nil) {
    failures.removeAll { $0.version == version }
    let entry = Entry(version: version.number, digest: digest)
    let before = models[version.name]
    if before?.active == entry { return }
    let fallback = before.map { ModelVersion(name: version.name, number: $0.active.version) }
    // A version that kept crashing is not one to go back to.
    let previous = fallback.flatMap { failure(of: $0) } == nil ? before?.active : before?.previous
    models[version.name] = Model(active: entry, previous: previous, since: seconds)
  }

  /// `version` keeps crashing: if it is the active one, its predecessor is that again. False when it has none.
  mutating func retire(_ version: ModelVersion, digest: ModelDigest, reason: String, at seconds: Double) -> Bool {
    if let model = models[version.name], model.active.version == version.number {
      guard let previous = model.previous else { return false }
      models[version.name] = Model(active: previous, previous: nil, since: seconds)
    } else if models[version.name]?.previous?.version == version.number {
      models[version.name]?.previous = nil
    }
    failures.removeAll { $0.version == version }
    failures.append(Failure(version: version, digest: digest, reason: reason))
    failures = failures.suffix(Self.maximumFailures)
    return true
  }

  /// Drops what is not on the disk any more.
  func limited(to isThere: (ModelVersion, ModelDigest) -> Bool) -> ActiveVersions {
    var limited = self
    limited.failures.removeAll { !isThere($0.version, $0.digest) }
    for (name, model) in models {
      let isActiveThere = isThere(ModelVersion(name: name, number: model.active.version), model.active.digest)
      let previous = model.previous.flatMap { entry in
        isThere(ModelVersion(name: name, number: entry.version), entry.digest) ? entry : nil
      }
      if isActiveThere {
        limited.models[name]?.previous = previous
      } else {
        limited.models[name] = previous.map { Model(active: $0, previous: nil, since: model.since) }
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
