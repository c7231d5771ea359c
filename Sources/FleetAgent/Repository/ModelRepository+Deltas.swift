import FleetCore
import Logging

/// A delta on its way. It lies beside the upload that it is for until its file is made of it.
struct IncomingDelta: Sendable {
  let announced: FileTransfer.Delta
  /// Where its bytes lie.
  let path: String
  /// Where the file is made.
  let result: String
}

/// Files that come as deltas against files of complete versions.
extension ModelRepository {
  /// Begins a delta, or goes on with it. Throws `.notFound` when there is no such base, `.noSpace` when there is no room to make the
  /// file beside what the upload will take anyway; what is there of the file itself stays.
  func beginDelta(
    _ delta: FileTransfer.Delta,
    of file: ModelManifest.File,
    in manifest: ModelManifest
  ) throws(CommandError) -> (delta: IncomingDelta, received: UInt64) {
    let digest = manifest.digest
    guard delta.bytes <= file.bytes else {
      throw CommandError(.invalid, "'\(file.path)': a delta of \(delta.bytes) bytes is longer than the file")
    }
    _ = try basePath(of: delta)
    let folder = folder.deltas(digest)
    let name = "\(file.sha256)-\(delta.sha256)"
    let incoming = IncomingDelta(announced: delta, path: "\(folder)/\(name)", result: "\(folder)/result")
    return try saying("begin a delta for '\(file.path)'") {
      try disk.makeFolder(folder)
      for other in disk.names(in: folder) where other != name { try disk.remove("\(folder)/\(other)") }
      if disk.size(of: incoming.path) ?? 0 > delta.bytes { try disk.remove(incoming.path) }
      let received = disk.size(of: incoming.path) ?? 0
      // The file is made beside what has come of it.
      try checkScratch(Self.sum(delta.bytes - received, self.received(file, of: digest)), for: file)
      return (incoming, received)
    }
  }

  /// How many bytes of the delta are there then.
  func take(_ bytes: [UInt8], of delta: IncomingDelta, received: UInt64) throws(CommandError) -> UInt64 {
    guard UInt64(bytes.count) <= delta.announced.bytes - received else {
      throw CommandError(.invalid, "the delta has more bytes than the \(delta.announced.bytes) announced")
    }
    try saying("write a delta") { try disk.append(bytes, to: delta.path) }
    return received + UInt64(bytes.count)
  }

  /// What is to be made of the delta that a stream has brought; nil when it brought none, or not all of one.
  func rebuild(by number: UInt64, of digest: ModelDigest) throws(CommandError) -> DeltaRebuild? {
    let stream = try underWay(number, of: digest)
    guard let delta = stream.delta, stream.received == delta.announced.bytes else { return nil }
    let (_, file) = try announced(digest, stream.path)
    return DeltaRebuild(
      file: file,
      delta: delta.path,
      base: try basePath(of: delta.announced),
      result: delta.result,
      disk: disk
    )
  }

  /// The file was made and verified: from now on it counts.
  func adopt(by number: UInt64, of digest: ModelDigest) throws(CommandError) {
    let stream = try underWay(number, of: digest)
    let (manifest, file) = try announced(digest, stream.path)
    guard let delta = stream.delta else { return }
    incoming[digest] = nil
    try saying("put '\(file.path)' of \(manifest.version) in its place") {
      try disk.rename(delta.result, to: "\(folder.upload(digest))/\(file.path)")
      try disk.remove(delta.path)
    }
    try completeIfWhole(manifest)
  }

  /// Nothing can be made of it: it is not gone on with.
  func discardDeltas(of digest: ModelDigest) {
    do {
      try disk.remove(folder.deltas(digest))
    } catch {
      log.warning("a delta of no use stays: \(error)")
    }
  }

  /// As much of a delta for the file as is there.
  func partialDelta(of file: ModelManifest.File, _ digest: ModelDigest) -> PartialDelta? {
    let folder = folder.deltas(digest)
    let mark = "\(file.sha256)-"
    guard let name = disk.names(in: folder).first(where: { $0.hasPrefix(mark) }) else { return nil }
    let sha256 = String(name.dropFirst(mark.count))
    guard SHA256Text.isValid(sha256) else { return nil }
    return PartialDelta(sha256: sha256, receivedBytes: disk.size(of: "\(folder)/\(name)") ?? 0)
  }

  /// Whether a folder of the staging folder holds deltas of an upload that is there.
  func isOfAnUpload(deltas name: String) -> Bool {
    guard name.hasSuffix(RepositoryFolder.deltaSuffix) else { return false }
    let digest = ModelDigest("sha256:\(name.dropLast(RepositoryFolder.deltaSuffix.count))")
    return digest.map { uploads[$0] != nil } ?? false
  }

  private func basePath(of delta: FileTransfer.Delta) throws(CommandError) -> String {
    for (version, manifest) in versions {
      guard let file = manifest.files.first(where: { $0.sha256 == delta.baseSHA256 }) else { continue }
      return "\(folder.version(version))/\(file.path)"
    }
    throw CommandError(.notFound, "no version here holds the file that the delta was made against")
  }
}
