import FleetCore

extension ModelRepository {
  /// The folder of the active version, whose golden set is as the manifest says.
  func goldenFolder(of version: ModelVersion, digest: ModelDigest) throws(CommandError) -> String {
    guard active.models[version.name]?.active.isSame(version.number, digest) == true else {
      throw CommandError(.conflict, notActive(version, digest))
    }
    let file = versions[version]?.files.first { $0.path == GoldenResult.fileName }
    guard let file else {
      throw CommandError(
        .notFound,
        "\(version) came without a \(GoldenResult.fileName): there is nothing to measure its accuracy with"
      )
    }
    guard file.bytes <= GoldenResult.maximumBytes else {
      throw CommandError(
        .unusable,
        "\(version): \(GoldenResult.fileName) is \(Self.megabytes(file.bytes)), more than the "
          + "\(Self.megabytes(UInt64(GoldenResult.maximumBytes))) that one may be; push a version with fewer pictures in it"
      )
    }
    let path = "\(folder.version(version))/\(file.path)"
    guard try saying("read \(path)", { try hash(path) }) == file.sha256 else {
      throw CommandError(.corrupt, "\(version): '\(file.path)' has changed on this node's disk; push another version")
    }
    return folder.version(version)
  }

  func notActive(_ version: ModelVersion, _ digest: ModelDigest) -> String {
    let served = active.models[version.name].map { "; \(version.name)@\($0.active.version) is" } ?? ""
    return "\(version) (\(digest.short)) is not the active version of this node\(served)"
  }
}
