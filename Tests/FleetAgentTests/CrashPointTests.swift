import FleetCore
import FleetTestSupport
import FleetTransfer
import FoundationEssentials
import Testing

@testable import FleetAgent

/// Cuts the power before every single step of all that changes a repository. Afterwards it opens, what it holds is whole, what is active is
/// as before the command or as after it, and the command repeated does what it should.
struct CrashPointTests {
  private enum Step: Sendable, CustomStringConvertible {
    case push(TestVersion)
    /// As deltas against files of another.
    case delta(TestVersion, base: TestVersion)
    case activate(TestVersion)
    case confirm(TestVersion)
    case rollback
    case remember(TestVersion)
    case retire(TestVersion)

    var description: String {
      switch self {
      case .push(let version): "push \(version.version.number)"
      case .delta(let version, _): "push a delta of \(version.version.number)"
      case .activate(let version): "activate \(version.version.number)"
      case .confirm(let version): "confirm \(version.version.number)"
      case .rollback: "rollback"
      case .remember(let version): "remember \(version.version.number)"
      case .retire(let version): "retire \(version.version.number)"
      }
    }
  }

  private static let versions = (0...6).map { TestVersion.tiny($0 + 1) }
  private static func version(_ number: Int) -> TestVersion { versions[number - 1] }

  /// With room for three versions and one spare: pushing 3 drops 2 as one spare too many, pushing 5 drops 4 to make room.
  private static let script: [Step] = [
    .push(version(1)), .activate(version(1)), .confirm(version(1)), .push(version(2)), .push(version(3)),
    .activate(version(3)), .confirm(version(3)), .push(version(4)), .push(version(5)), .activate(version(5)), .rollback,
    .remember(version(5)), .activate(version(5)), .retire(version(5)), .push(version(6)), .activate(version(6)),
    .delta(version(7), base: version(6)),
  ]

  @Test(arguments: [false, true]) func everyCrashPointLeavesTheOldOrTheNew(losesNames: Bool) async throws {
    let folder = try TemporaryFolder()
    var points = 0
    var told: [String] = []
    var template = folder.path("0")
    for (index, step) in Self.script.enumerated() {
      let before = try await Self.active(at: template)
      let done = folder.path("\(index + 1)")
      try Self.copy(template, to: done)
      try await Self.run(step, in: try await Self.opened(done))
      let after = try await Self.active(at: done)
      let entries = try await Self.opened(done).entries

      var cuts = 0
      while true {
        let root = folder.path("cut")
        try Self.copy(template, to: root)
        let power = PowerCut(after: cuts, losesNames: losesNames)
        let place = Comment(rawValue: "\(step), cut before step \(cuts + 1), losing names: \(losesNames)")
        do {
          try await Self.run(step, in: try await Self.opened(root, power.disk))
        } catch {
          #expect(power.isCut, "\(error)")
        }
        guard power.isCut else { break }
        try power.loseWhatWasNotSynced()
        cuts += 1

        let repository = try await Self.opened(root)
        let active = await repository.activeVersions
        #expect(active == before || active == after, place)
        for entry in await repository.entries {
          _ = try await repository.verified(entry.version, digest: entry.digest)
        }
        for (name, model) in active.models {
          let served = ModelVersion(name: name, number: model.active.version)
          _ = try await repository.verified(served, digest: model.active.digest)
        }
        try await Self.run(step, in: repository, isDone: active == after)
        #expect(await repository.activeVersions == after, place)
        let again = try await Self.opened(root)
        #expect(await again.activeVersions == after, place)
        #expect(await again.entries == entries, place)
        #expect(Disk().names(in: "\(root)/.staging").isEmpty, place)
      }
      points += cuts
      told.append("\(step) \(cuts)")
      template = done
    }
    print("crash points\(losesNames ? " that lose names" : ""): \(points) (\(told.joined(separator: ", ")))")
    let last = try await Self.opened(template)
    #expect(await last.entries.map(\.version.number) == [3, 6, 7])
    #expect(await last.entries.map(\.role) == [.previous, .active, .stored])
    #expect(points > 150)
  }

  // MARK: Steps

  private static func run(_ step: Step, in repository: ModelRepository, isDone: Bool = false) async throws {
    switch step {
    case .push(let version): try await push(version, to: repository)
    case .delta(let version, let base): try await push(version, against: base, to: repository)
    case .activate(let version): try await repository.switchActive(to: version.version, digest: version.digest)
    case .confirm(let version): try await repository.confirm(version.version, digest: version.digest)
    case .rollback:
      guard let previous = await repository.activeVersions.models["tag-reader"]?.previous else {
        // Done before the power went: what it left never proved itself, so there is nothing to go back to.
        if isDone { return }
        throw CommandError(.notFound, "nothing to go back to")
      }
      let version = ModelVersion(name: "tag-reader", number: previous.version)
      try await repository.switchActive(to: version, digest: previous.digest)
    case .remember(let version):
      try await repository.remember(version.version, digest: version.digest, reason: "could not be loaded")
    case .retire(let version):
      if isDone { return }
      let retirement = try await repository.retire([version.version], reason: "ended the engine")
      #expect(retirement.outcome == .wentBack(to: Self.version(3).version))
    }
  }

  private static func push(_ version: TestVersion, to repository: ModelRepository) async throws {
    let staged = try await repository.stage(version.manifest)
    for file in staged where !file.isComplete {
      let bytes = version.contents[file.path] ?? []
      let half = bytes.count / 2
      for range in [0..<half, half..<bytes.count] {
        let start = max(range.lowerBound, Int(file.receivedBytes))
        guard start < range.upperBound else { continue }
        _ = try await repository.write(
          FileChunk(
            digest: version.digest,
            path: file.path,
            offset: UInt64(start),
            bytes: Array(bytes[start..<range.upperBound])
          )
        )
      }
    }
  }

  /// The weights as a delta, in two pieces; the rest as it is.
  private static func push(
    _ version: TestVersion,
    against base: TestVersion,
    to repository: ModelRepository
  ) async throws {
    let path = "model.onnx"
    let staged = try await repository.stage(version.manifest).first { $0.path == path }
    if let staged, !staged.isComplete {
      let (old, new) = (ByteArray(base.contents[path] ?? []), ByteArray(version.contents[path] ?? []))
      let (oldFile, newFile) = (try FileIdentity(of: old), try FileIdentity(of: new))
      var delta: [UInt8] = []
      try DeltaEncoder(base: (old, oldFile), result: (new, newFile)).encode(.subtract) { delta += $0 }
      let sha256 = SHA256Text.hash(delta)
      let offset = staged.delta?.sha256 == sha256 ? staged.delta?.receivedBytes ?? 0 : 0
      let number = try await repository.begin(
        FileTransfer(
          digest: version.digest,
          path: path,
          offset: offset,
          delta: .init(sha256: sha256, bytes: UInt64(delta.count), baseSHA256: oldFile.sha256)
        )
      )
      let rest = Array(delta.dropFirst(Int(offset)))
      for piece in [rest.prefix(rest.count / 2), rest.suffix(from: rest.count / 2)] where !piece.isEmpty {
        try await repository.receive(Array(piece), by: number, of: version.digest)
      }
      let rebuild = try #require(try await repository.rebuild(by: number, of: version.digest))
      try await repository.rebuilder.run(rebuild)
      try await repository.adopt(by: number, of: version.digest)
      _ = try await repository.end(number, of: version.digest)
    }
    try await push(version, to: repository)
  }

  // MARK: Disks

  private static func opened(_ root: String, _ disk: Disk = Disk()) async throws -> ModelRepository {
    var disk = disk
    disk.freeBytes = { root in
      let used = try Self.bytes(below: "\(root)/models") + Self.bytes(below: "\(root)/.staging")
      // Three versions with their manifests, and not four.
      return ModelRepository.reservedBytes + 8500 - min(8500, used)
    }
    let repository = try ModelRepository(
      root: root,
      keptVersions: 1,
      disk: disk,
      date: { Date(timeIntervalSince1970: 1_800_000_000) },
      log: .silent
    )
    try await repository.open()
    return repository
  }

  private static func active(at root: String) async throws -> ActiveVersions {
    try await opened(root).activeVersions
  }

  private static func bytes(below folder: String) throws -> UInt64 {
    try FileManager.default.subpathsOfDirectory(atPath: folder).reduce(into: 0) { sum, path in
      let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
      if attributes[.type] as? FileAttributeType == .typeRegular { sum += UInt64(attributes[.size] as? Int ?? 0) }
    }
  }

  private static func copy(_ root: String, to target: String) throws {
    try? FileManager.default.removeItem(atPath: target)
    guard FileManager.default.fileExists(atPath: root) else { return }
    try FileManager.default.copyItem(atPath: root, toPath: target)
    // Versions are dropped by their age.
    for path in try FileManager.default.subpathsOfDirectory(atPath: root) where path.hasSuffix("manifest.json") {
      let date = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.modificationDate]
      guard let date = date as? Date else { continue }
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: "\(target)/\(path)")
    }
  }
}
