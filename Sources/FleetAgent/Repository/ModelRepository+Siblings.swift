package import FleetCore
import FleetTransfer

/// What nodes of a store give each other.
extension ModelRepository {
  /// A part of a file of a complete version, as it lies on the disk: whoever gets it holds the whole against the manifest.
  package func read(_ part: FilePart) throws(CommandError) -> [UInt8] {
    guard let (version, manifest) = versions.first(where: { $1.digest == part.digest }),
      let file = manifest.files.first(where: { $0.path == part.path })
    else {
      throw CommandError(.notFound, "no complete version \(part.digest.short) with a file '\(part.path)' is here")
    }
    guard part.count <= FileTransfer.maximumPieceBytes, part.offset <= file.bytes,
      UInt64(part.count) <= file.bytes - part.offset
    else {
      throw CommandError(
        .invalid,
        "'\(part.path)': \(part.count) bytes at \(part.offset) are not within its \(file.bytes)"
      )
    }
    return try FileSource("\(folder.version(version))/\(file.path)").bytes(at: part.offset, count: part.count)
  }

  /// How far the upload of an announced version has come.
  package func progress(of digest: ModelDigest) throws(CommandError) -> [StagedFile] {
    if let manifest = versions.values.first(where: { $0.digest == digest }) { return complete(manifest.files) }
    guard let manifest = uploads[digest] else {
      throw CommandError(.notFound, "no upload of \(digest.short) was announced; stage its manifest first")
    }
    return underWay(manifest)
  }

  func underWay(_ manifest: ModelManifest) -> [StagedFile] {
    manifest.files.map { file in
      let received = received(file, of: manifest.digest)
      return StagedFile(
        path: file.path,
        receivedBytes: received,
        totalBytes: file.bytes,
        delta: received < file.bytes ? partialDelta(of: file, manifest.digest) : nil
      )
    }
  }

  func complete(_ files: [ModelManifest.File]) -> [StagedFile] {
    files.map { StagedFile(path: $0.path, receivedBytes: $0.bytes, totalBytes: $0.bytes) }
  }
}
