import FleetCore
import Logging

/// What is dropped, and when. Never the active version, the one to go back to, or one that is being activated.
extension ModelRepository {
  /// Sees to it that what is missing of `manifest` fits, and drops the oldest spare versions when that suffices. Counts what other uploads
  /// will still take, too.
  func makeSpace(for manifest: ModelManifest) throws(CommandError) {
    let missing = missing(of: manifest)
    let others = uploads.values.filter { $0.digest != manifest.digest }.map { self.missing(of: $0) }
    let promised = others.reduce(UInt64(0)) { Self.sum($0, $1) }
    let needed = Self.sum(Self.sum(missing, promised), Self.reservedBytes)
    var free = try freeBytes()
    var dropped: [ModelVersion] = []
    if free < needed {
      // What is left of a delta is worth less than the room for the file itself.
      discardDeltas(of: manifest.digest)
      free = try freeBytes()
    }
    if free < needed {
      dropped = spares(freeing: needed - free)
      if !dropped.isEmpty {
        try saying("make room for \(manifest.version)") { try drop(dropped) }
        revision += 1
        log.notice("dropped \(Self.list(dropped)) to make room for \(manifest.version)")
        free = try freeBytes()
      }
    }
    guard free >= needed else {
      let promise = promised == 0 ? "" : ", \(Self.megabytes(promised)) are promised to other uploads"
      let spare = spares()
      let rest =
        spare.isEmpty
        ? "" : " (\(Self.list(spare)), which could go, hold \(Self.megabytes(bytes(of: spare))): too little)"
      throw CommandError(
        .noSpace,
        "\(manifest.version) needs \(Self.megabytes(missing))\(promise) and \(Self.megabytes(Self.reservedBytes)) must stay free, "
          + "but only \(Self.megabytes(free)) are\(rest); make room on the disk of this node"
      )
    }
    tellOfRoom(for: manifest, left: free - needed)
  }

  /// Whether `bytes` fit beside all that is promised already. Nothing is dropped for them: the file can come as it is, too.
  func checkScratch(_ bytes: UInt64, for file: ModelManifest.File) throws(CommandError) {
    let promised = uploads.values.reduce(UInt64(0)) { Self.sum($0, missing(of: $1)) }
    let free = try freeBytes()
    guard free < Self.sum(Self.sum(bytes, promised), Self.reservedBytes) else { return }
    throw CommandError(
      .noSpace,
      "to make '\(file.path)' of a delta takes \(Self.megabytes(bytes)) beside it, and only \(Self.megabytes(free)) are free"
    )
  }

  /// Room for the spare versions is not asked for: they are what goes first. But whoever counts on them should know.
  private func tellOfRoom(for manifest: ModelManifest, left: UInt64) {
    guard uploads[manifest.digest] == nil, manifest.totalBytes > 0 else { return }
    let more = left / manifest.totalBytes
    guard more < UInt64(keptVersions) else { return }
    log.notice("beside \(manifest.version) the disk has room for \(more) of \(keptVersions) versions of its size")
  }

  private func freeBytes() throws(CommandError) -> UInt64 {
    try saying("measure the free space") { try disk.freeBytes(folder.root) }
  }

  private func missing(of manifest: ModelManifest) -> UInt64 {
    manifest.files.reduce(UInt64(0)) { Self.sum($0, $1.bytes - received($1, of: manifest.digest)) }
  }

  private func bytes(of versions: [ModelVersion]) -> UInt64 {
    versions.reduce(UInt64(0)) { Self.sum($0, self.versions[$1]?.totalBytes ?? 0) }
  }

  private static func list(_ versions: [ModelVersion]) -> String {
    versions.map(\.description).joined(separator: ", ")
  }

  /// Versions that may be dropped, the oldest upload first.
  private func spares() -> [ModelVersion] {
    let stored = versions.keys.filter { active.role(of: $0) == .stored && $0 != held }
    let aged = stored.map { ($0, disk.modified(manifestPath($0))) }
    return aged.sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 < $1.1 }.map(\.0)
  }

  /// As many of the oldest as hold `needed` bytes; none when all together do not.
  private func spares(freeing needed: UInt64) -> [ModelVersion] {
    var chosen: [ModelVersion] = []
    for version in spares() {
      chosen.append(version)
      if bytes(of: chosen) >= needed { return chosen }
    }
    return []
  }

  /// Keeps the active, the previous and the newest few others of a model, `kept` among them. Versions that cannot be dropped harm nobody.
  func dropUnneeded(of kept: ModelVersion) {
    // By the age of the upload: a slow one is old already when it is complete.
    let isSpare = active.role(of: kept) == .stored
    drop(allBut: keptVersions - (isSpare ? 1 : 0), of: spares().filter { $0.name == kept.name && $0 != kept })
  }

  /// What a power cut left undropped, or what is too many since the node was told to keep fewer. The newest stays in any case: it was
  /// pushed to be activated.
  func dropUnneeded() {
    for name in Set(versions.keys.map(\.name)).sorted() {
      drop(allBut: max(1, keptVersions), of: spares().filter { $0.name == name })
    }
  }

  private func drop(allBut count: Int, of spares: [ModelVersion]) {
    do {
      try drop(spares.dropLast(max(0, count)))
    } catch {
      log.warning("old versions stay: \(error)")
    }
  }

  private func drop(_ unneeded: some Sequence<ModelVersion>) throws {
    for version in unneeded {
      guard let manifest = versions[version] else { continue }
      // Out of sight in one step, so that half a version is never seen.
      try disk.remove(folder.trash(manifest.digest))
      try disk.rename(folder.version(version), to: folder.trash(manifest.digest))
      versions[version] = nil
      try disk.remove(folder.trash(manifest.digest))
    }
  }

  private func manifestPath(_ version: ModelVersion) -> String {
    "\(folder.version(version))/\(ModelManifest.fileName)"
  }
}
