internal import FleetCore
internal import FleetTransfer
internal import Foundation

/// A delta that was made and is shorter than what it stands for.
struct DeltaOffer: Sendable {
  /// The version that has the file it was made against.
  var base: ModelVersion
  var delta: FileTransfer.Delta
  var source: FileSource

  var bytes: UInt64 { delta.bytes }

  /// The shortest delta for `path` of `model` against that of `base`; nil when the whole file is no longer. Takes a processor for as
  /// long as it takes to compress the file a few times.
  static func make(_ path: String, of model: LocalModel, against base: LocalModel) throws(CommandError) -> DeltaOffer? {
    guard let (old, oldFile) = try opened(path, in: base), let (new, newFile) = try opened(path, in: model) else {
      return nil
    }
    let encoder = DeltaEncoder(base: (old, FileIdentity(oldFile)), result: (new, FileIdentity(newFile)))
    guard try encoder.looksPromising() else { return nil }
    let plan = try encoder.plan()
    guard plan.method.usesBase, plan.bytes < newFile.bytes else { return nil }
    var hasher = SHA256Text.Hasher()
    let folder = FileManager.default.temporaryDirectory.path(percentEncoded: false)
    let source = try FileSource(temporary: folder) { (give) throws(CommandError) in
      try encoder.encode(plan.method) { (piece) throws(CommandError) in
        hasher.update(piece)
        try give(piece)
      }
    }
    let delta = FileTransfer.Delta(sha256: hasher.finish(), bytes: source.count, baseSHA256: oldFile.sha256)
    return DeltaOffer(base: base.version, delta: delta, source: source)
  }

  private static func opened(
    _ path: String,
    in model: LocalModel
  ) throws(CommandError) -> (FileSource, ModelManifest.File)? {
    guard let file = model.manifest.files.first(where: { $0.path == path }) else { return nil }
    return (try FileSource(try ModelFile.path(of: path, in: model)), file)
  }
}
