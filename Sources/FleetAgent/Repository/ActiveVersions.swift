package import FleetCore
import FoundationEssentials

/// What `active.json` holds: for each model the version that is served and the one to go back to, and what failed here.
package struct ActiveVersions: Sendable, Equatable, Codable {
  /// A version that kept crashing or could not be loaded. It is not chosen again unless an operator activates it.
  package struct Failure: Sendable, Equatable, Codable {
    package var version: ModelVersion
    package var digest: ModelDigest
    package var reason: String
  }

  /// The oldest are forgotten beyond that.
  private static let maximumFailures = 16
  /// Runtimes may say a lot.
  private static let maximumReason = 500

  package private(set) var schema = 1
  package private(set) var models: [String: ActiveModel] = [:]
  /// Also of versions that are not on the disk any more: they may be pushed again.
  package private(set) var failures: [Failure] = []

  package init() {}

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schema = try container.decode(Int.self, forKey: .schema)
    models = try container.decode([String: ActiveModel].self, forKey: .models)
    // Files of before have none.
    failures = try container.decodeIfPresent([Failure].self, forKey: .failures) ?? []
  }

  /// Why a version is not to be chosen; nil when it may be.
  package func failure(of version: ModelVersion, digest: ModelDigest) -> String? {
    failures.first { $0.version == version && $0.digest == digest }?.reason
  }

  /// Makes `version` the one that is served. What it did before is forgiven.
  mutating func switchTo(_ version: ModelVersion, digest: ModelDigest, at seconds: Double? = nil) {
    failures.removeAll { $0.version == version }
    guard var model = models[version.name] else {
      let entry = ActiveModel.Entry(version: version.number, digest: digest, isProvisional: true)
      models[version.name] = ActiveModel(active: entry, since: seconds)
      return
    }
    model.switchTo(version.number, digest: digest, at: seconds) { entry in
      failure(of: ModelVersion(name: version.name, number: entry.version), digest: entry.digest) != nil
    }
    models[version.name] = model
  }

  /// The active version has proved itself. False when it is another one.
  mutating func confirm(_ version: ModelVersion, digest: ModelDigest) -> Bool {
    guard models[version.name]?.active.isSame(version.number, digest) == true else { return false }
    models[version.name]?.confirm()
    return true
  }

  /// `version` keeps crashing: if it is the active one, its predecessor is that again. False when it has none.
  mutating func retire(_ version: ModelVersion, digest: ModelDigest, reason: String, at seconds: Double) -> Bool {
    if models[version.name]?.active.version == version.number {
      guard models[version.name]?.abandon(at: seconds) == true else { return false }
    } else if models[version.name]?.previous?.version == version.number {
      models[version.name]?.forgetPrevious()
    }
    remember(version, digest: digest, reason: reason)
    return true
  }

  mutating func remember(_ version: ModelVersion, digest: ModelDigest, reason: String) {
    failures.removeAll { $0.version == version }
    let reason = reason.count <= Self.maximumReason ? reason : "\(reason.prefix(Self.maximumReason))…"
    failures.append(Failure(version: version, digest: digest, reason: reason))
    failures = failures.suffix(Self.maximumFailures)
  }

  /// Drops what is not on the disk any more.
  func limited(to isThere: (ModelVersion, ModelDigest) -> Bool) -> ActiveVersions {
    func isHeld(_ name: String, _ entry: ActiveModel.Entry) -> Bool {
      isThere(ModelVersion(name: name, number: entry.version), entry.digest)
    }
    var limited = self
    for (name, model) in models {
      if model.previous.map({ !isHeld(name, $0) }) == true { limited.models[name]?.forgetPrevious() }
      if !isHeld(name, model.active), limited.models[name]?.abandon(at: model.since) != true {
        limited.models[name] = nil
      }
    }
    return limited
  }

  func role(of version: ModelVersion) -> RepositoryEntry.Role {
    guard let model = models[version.name] else { return .stored }
    return version.number == model.active.version
      ? .active : version.number == model.previous?.version ? .previous : .stored
  }

  /// Those of the active versions that have yet to serve their probation.
  package var provisional: [ModelVersion: ModelDigest] {
    var found: [ModelVersion: ModelDigest] = [:]
    for (name, model) in models where model.active.isProvisional {
      found[ModelVersion(name: name, number: model.active.version)] = model.active.digest
    }
    return found
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
