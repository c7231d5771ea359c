package import FleetCore
package import FoundationEssentials
package import Logging
import Synchronization

/// The versions that a node keeps on its disk. Power lost at any instant leaves each of them whole or not there, and the active one
/// either the old or the new.
///
/// An actor on a thread of its own, since disks block.
package actor ModelRepository {
  /// Versions kept of a model besides the active and the previous one, unless told otherwise.
  package static let spareVersions = 3
  /// Space that no upload may take.
  static let reservedBytes: UInt64 = 64 << 20
  /// Uploads under way at the same time; the one left alone for longest gives way to a new one.
  static let maximumUploads = 4

  let folder: RepositoryFolder
  let disk: Disk
  let log: Logger
  let date: @Sendable () -> Date
  let keptVersions: Int
  private let executor: ThreadExecutor
  /// Makes files of deltas, which would hold up everything else here.
  nonisolated let rebuilder: DeltaRebuilder
  var versions: [ModelVersion: ModelManifest] = [:]
  private(set) var uploads: [ModelDigest: ModelManifest] = [:]
  /// Of each upload the file that its last bytes went to, and the stream that brings them.
  var incoming: [ModelDigest: IncomingFile] = [:]
  var receiving: [ModelDigest: Receiving] = [:]
  var lastReceiving: UInt64 = 0
  var active = ActiveVersions() {
    didSet {
      let provisional = active.provisional
      onProbation.withLock { $0 = provisional }
    }
  }
  /// What is being activated, and so must not be dropped.
  var held: ModelVersion?
  /// Counts changes of what is here and of what is active.
  package internal(set) var revision: UInt64 = 0
  private nonisolated let onProbation = Mutex<[ModelVersion: ModelDigest]>([:])

  /// Keeps `keptVersions` of a model besides the active and the previous one.
  package init(
    root: String,
    keptVersions: Int = spareVersions,
    disk: Disk = Disk(),
    date: @escaping @Sendable () -> Date = { Date() },
    log: Logger
  ) throws {
    executor = try ThreadExecutor(name: "repository", givesWay: true)
    rebuilder = try DeltaRebuilder()
    folder = RepositoryFolder(root: root)
    self.keptVersions = keptVersions
    self.disk = disk
    self.date = date
    self.log = log
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Finds out what is there and clears away what a power cut left. Once, before anything else.
  package func open() throws(CommandError) {
    try saying("open the model repository") {
      try disk.makeFolder(folder.staging)
      if !disk.exists(folder.models) {
        try disk.makeFolder(folder.models)
        try disk.sync(folder.root)
      }
      for name in disk.names(in: folder.models) where NodeName.isValidPart(name) && !name.hasPrefix(".") {
        for number in disk.names(in: folder.model(name)).compactMap({ Int($0) }) {
          let version = ModelVersion(name: name, number: number)
          if let manifest = manifest(in: folder.version(version)), manifest.version == version, isWhole(manifest) {
            versions[version] = manifest
          } else {
            log.error("\(folder.version(version)) is not a whole version: left out")
          }
        }
      }
      for name in disk.names(in: folder.staging) {
        let path = "\(folder.staging)/\(name)"
        if let digest = ModelDigest("sha256:\(name)"), let manifest = manifest(in: path), manifest.digest == digest,
          versions[manifest.version] == nil
        {
          uploads[digest] = manifest
        } else if !isOfAnUpload(deltas: name) {
          try disk.remove(path)
        }
      }
      // Without it all look like spares, though one of them was served.
      if readActive() { dropUnneeded() }
    }
  }

  /// False when what is there cannot be read.
  private func readActive() -> Bool {
    guard disk.exists(folder.active) else { return true }
    do {
      let bytes = disk.contents(of: folder.active, limit: 1 << 20) ?? []
      active = try ActiveVersions(bytes: bytes).limited { versions[$0]?.digest == $1 }
      return true
    } catch {
      log.error("active.json cannot be read, so nothing is served until it is activated: \(JSONText.describe(error))")
      return false
    }
  }

  // MARK: Uploads

  /// Announces a version, or asks how far its upload has come.
  package func stage(_ manifest: ModelManifest) throws(CommandError) -> [StagedFile] {
    let problems = manifest.problems + Self.problemsHere(manifest)
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "manifest.json: \($0)" }.joined(separator: "\n"))
    }
    let digest = manifest.digest
    try checkNumber(of: manifest)
    if versions[manifest.version] != nil {
      return complete(manifest.files)
    }
    try makeSpace(for: manifest)
    return try saying("stage \(manifest.version)") {
      if uploads[digest] == nil {
        try makeRoomForUpload()
        try beginUpload(manifest)
      }
      try discardDamaged(manifest)
      let files = underWay(manifest)
      if files.allSatisfy(\.isComplete) { try complete(manifest) }
      return files
    }
  }

  // MARK: Versions

  package var entries: [RepositoryEntry] {
    versions.sorted { $0.key < $1.key }.map { version, manifest in
      RepositoryEntry(
        version: version,
        digest: manifest.digest,
        bytes: manifest.totalBytes,
        role: active.role(of: version),
        problem: active.failure(of: version, digest: manifest.digest),
        isProvisional: active.provisional[version] == manifest.digest
      )
    }
  }

  package var activeVersions: ActiveVersions { active }

  /// The active versions that have yet to serve their probation. Does not wait for the disk.
  package nonisolated var provisional: [ModelVersion: ModelDigest] { onProbation.withLock { $0 } }

  /// The folder of a complete version, with every byte of it checked again.
  package func verified(_ version: ModelVersion, digest: ModelDigest) throws(CommandError) -> String {
    guard let manifest = versions[version] else {
      throw CommandError(.notFound, "\(version) is not complete on this node; push it first")
    }
    guard manifest.digest == digest else {
      throw CommandError(
        .notFound,
        "\(version) has the digest \(manifest.digest.short) on this node, not \(digest.short); push it under another number"
      )
    }
    for file in manifest.files {
      let path = "\(folder.version(version))/\(file.path)"
      let hash = try saying("read \(path)") { try self.hash(path) }
      guard hash == file.sha256 else {
        throw CommandError(.corrupt, "\(version): '\(file.path)' has changed on this node's disk; push another version")
      }
    }
    return folder.version(version)
  }

  package func path(of version: ModelVersion) -> String { folder.version(version) }

  // MARK: Workings

  /// Two uploads of one number may be under way: what is complete first has it, and the other is dropped.
  func checkNumber(of manifest: ModelManifest) throws(CommandError) {
    let digest = manifest.digest
    guard let held = versions[manifest.version], held.digest != digest else { return }
    if uploads.removeValue(forKey: digest) != nil {
      do {
        try removeUpload(digest)
      } catch {
        log.warning("an upload of \(manifest.version) stays: \(error)")
      }
    }
    throw CommandError(
      .conflict,
      "\(manifest.version) is here already, with other contents (\(held.digest.short)); give the new one another number"
    )
  }

  private func makeRoomForUpload() throws {
    while uploads.count >= Self.maximumUploads {
      let oldest = uploads.keys.min { disk.modified(folder.upload($0)) < disk.modified(folder.upload($1)) }
      guard let oldest else { return }
      uploads[oldest] = nil
      try removeUpload(oldest)
    }
  }

  private func removeUpload(_ digest: ModelDigest) throws {
    try disk.remove(folder.deltas(digest))
    try disk.remove(folder.upload(digest))
  }

  private func beginUpload(_ manifest: ModelManifest) throws {
    let upload = folder.upload(manifest.digest)
    try disk.makeFolder(upload)
    for file in manifest.files {
      if let slash = file.path.lastIndex(of: "/") { try disk.makeFolder("\(upload)/\(file.path[..<slash])") }
    }
    for file in manifest.files where file.bytes == 0 { try disk.append([], to: "\(upload)/\(file.path)") }
    // The manifest comes last: an upload without one is no upload.
    try disk.replace("\(upload)/\(ModelManifest.fileName)", with: manifest.canonicalBytes)
    uploads[manifest.digest] = manifest
  }

  /// A file that is as long as it should be, but not what it should be, was cut off by a power loss: it is asked for again.
  private func discardDamaged(_ manifest: ModelManifest) throws {
    for file in manifest.files {
      let path = "\(folder.upload(manifest.digest))/\(file.path)"
      guard let size = disk.size(of: path), size >= file.bytes else { continue }
      if try size > file.bytes || hash(path) != file.sha256 { try disk.remove(path) } else { try disk.sync(path) }
    }
  }

  func complete(_ manifest: ModelManifest) throws {
    let upload = folder.upload(manifest.digest)
    try disk.remove(folder.deltas(manifest.digest))
    var folders: Set<String> = [upload]
    for file in manifest.files {
      var parts = file.path.split(separator: "/").dropLast()
      while !parts.isEmpty {
        folders.insert("\(upload)/\(parts.joined(separator: "/"))")
        parts = parts.dropLast()
      }
    }
    for folder in folders.sorted(by: >) { try disk.sync(folder) }
    if !disk.exists(folder.model(manifest.version.name)) {
      try disk.makeFolder(folder.model(manifest.version.name))
      try disk.sync(folder.models)
    }
    // What lies there is not a whole version, else it would be in `versions`.
    try disk.remove(folder.version(manifest.version))
    try disk.rename(upload, to: folder.version(manifest.version))
    uploads[manifest.digest] = nil
    versions[manifest.version] = manifest
    revision += 1
    dropUnneeded(of: manifest.version)
  }

  private func manifest(in path: String) -> ModelManifest? {
    disk.contents(of: "\(path)/\(ModelManifest.fileName)", limit: ModelManifest.maximumManifestBytes)
      .flatMap { try? ModelManifest(parsing: $0) }
  }

  private func isWhole(_ manifest: ModelManifest) -> Bool {
    manifest.files.allSatisfy { disk.size(of: "\(folder.version(manifest.version))/\($0.path)") == $0.bytes }
  }

  func received(_ file: ModelManifest.File, of digest: ModelDigest) -> UInt64 {
    min(disk.size(of: "\(folder.upload(digest))/\(file.path)") ?? 0, file.bytes)
  }

  func hash(_ path: String) throws -> String {
    var hasher = SHA256Text.Hasher()
    try disk.read(path) { hasher.update($0) }
    return hasher.finish()
  }

  func saying<Result>(_ what: String, _ body: () throws -> Result) throws(CommandError) -> Result {
    try DiskTrouble.saying(what, body)
  }
}
