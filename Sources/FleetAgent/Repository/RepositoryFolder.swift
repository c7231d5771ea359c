import FleetCore

/// Where things lie in a model repository:
///
///     active.json                     which version of each model is served, and which before
///     models/MODEL/VERSION/           a complete version: manifest.json, with its files beside
///     .staging/HASH/                  an upload under way: manifest.json and as much of each file as has come
///     .staging/HASH.delta/            deltas for its files, and what is being made of them
///     .staging/trash-HASH/            on its way out
struct RepositoryFolder: Sendable {
  static let deltaSuffix = ".delta"

  let root: String

  var active: String { "\(root)/active.json" }
  var staging: String { "\(root)/.staging" }

  /// A folder of their own, so that no model's name can be that of something else here.
  var models: String { "\(root)/models" }

  func model(_ name: String) -> String { "\(models)/\(name)" }
  func version(_ version: ModelVersion) -> String { "\(model(version.name))/\(version.number)" }
  func upload(_ digest: ModelDigest) -> String { "\(staging)/\(digest.text.dropFirst(7))" }
  func deltas(_ digest: ModelDigest) -> String { upload(digest) + Self.deltaSuffix }
  func trash(_ digest: ModelDigest) -> String { "\(staging)/trash-\(digest.text.dropFirst(7))" }
}
