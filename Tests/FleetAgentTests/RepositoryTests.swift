import FleetCore
import FleetTestSupport
import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import FleetAgent

struct RepositoryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func uploadGoesOnWhereItWasBrokenOff() async throws {
    let version = TestVersion.tiny(1)
    let chunks = version.chunks(of: 300)
    let before = try await opened()
    _ = try await before.stage(version.manifest)
    for chunk in chunks.prefix(4) { _ = try await before.write(chunk) }
    let after = try await opened()
    let staged = try await after.stage(version.manifest)
    for chunk in chunks where chunk.offset >= staged.first(where: { $0.path == chunk.path })?.receivedBytes ?? 0 {
      _ = try await after.write(chunk)
    }
    #expect(await after.entries.map(\.version) == [version.version])
    #expect(
      try await after.verified(version.version, digest: version.digest) == folder.path("repo/models/tag-reader/1")
    )
  }

  @Test func fullDiskIsToldBeforeAnyByte() async throws {
    var disk = Disk()
    disk.freeBytes = { _ in ModelRepository.reservedBytes + 100 }
    let repository = try await opened(disk)
    let error = await #expect(throws: CommandError.self) { try await repository.stage(TestVersion.tiny(1).manifest) }
    #expect(error?.code == .noSpace)
    #expect(error?.message.contains("needs 2 KB and 64 MB must stay free, but only 64 MB are") == true)
  }

  @Test func fileThatChangedOnDiskIsNotActivated() async throws {
    let version = TestVersion.tiny(1)
    let repository = try await opened()
    try await push(version, to: repository)
    try Disk().remove(folder.path("repo/models/tag-reader/1/model.onnx"))
    try Disk().append([UInt8](repeating: 7, count: 2000), to: folder.path("repo/models/tag-reader/1/model.onnx"))
    let error = await #expect(throws: CommandError.self) {
      try await repository.verified(version.version, digest: version.digest)
    }
    #expect(error?.code == .corrupt)
  }

  @Test func keepsTheActiveThePreviousAndThreeMore() async throws {
    let repository = try await opened()
    for number in 1...8 {
      let version = TestVersion.tiny(number)
      try await push(version, to: repository)
      if number <= 2 { try await repository.switchActive(to: version.version, digest: version.digest) }
    }
    let entries = await repository.entries
    #expect(entries.map(\.version.number) == [1, 2, 6, 7, 8])
    #expect(entries.map(\.role) == [.previous, .active, .stored, .stored, .stored])
    #expect(try await opened().entries == entries, "the same after a restart")
  }

  @Test func emptyFilesAndFoldersArePartOfAVersion() async throws {
    let version = TestVersion(
      ModelVersion(name: "m", number: 1),
      contents: ["empty": [], "a/b/c.bin": [1, 2, 3]]
    )
    let repository = try await opened()
    try await push(version, to: repository)
    _ = try await repository.verified(version.version, digest: version.digest)
  }

  @Test func uploadsAreBounded() async throws {
    let repository = try await opened()
    for number in 1...6 { _ = try await repository.stage(TestVersion.tiny(number).manifest) }
    #expect(Disk().names(in: folder.path("repo/.staging")).count == ModelRepository.maximumUploads)
  }

  /// Cuts the power before each step in turn; what was not forced to the disk is lost by half. Afterwards there is the old or the new.
  @Test func powerCutLeavesTheOldOrTheNew() async throws {
    let (first, second) = (TestVersion.tiny(1), TestVersion.tiny(2))
    var steps = 0
    var sawOld = 0
    var sawNew = 0
    while true {
      let folder = try TemporaryFolder()
      let root = folder.path("repo")
      let before = try ModelRepository(root: root, log: .silent)
      try await before.open()
      try await push(first, to: before)
      try await before.switchActive(to: first.version, digest: first.digest)

      let power = PowerCut(after: steps)
      let repository = try ModelRepository(root: root, disk: power.disk, log: .silent)
      do {
        try await repository.open()
        try await push(second, to: repository)
        try await repository.switchActive(to: second.version, digest: second.digest)
      } catch {
        try power.loseWhatWasNotSynced()
      }

      let after = try ModelRepository(root: root, log: .silent)
      try await after.open()
      let active = try #require(await after.activeVersions.models["tag-reader"]?.active)
      let served = active.version == 1 ? first : second
      _ = try await after.verified(served.version, digest: served.digest)
      for entry in await after.entries { _ = try await after.verified(entry.version, digest: entry.digest) }
      if active.version == 1 { sawOld += 1 } else { sawNew += 1 }
      // And the push can be done again, to the end.
      try await push(second, to: after)
      try await after.switchActive(to: second.version, digest: second.digest)
      _ = try await after.verified(second.version, digest: second.digest)
      if !power.isCut { break }
      steps += 1
    }
    #expect(steps > 15 && sawOld > 10 && sawNew > 1, "\(steps) steps, \(sawOld) old, \(sawNew) new")
  }

  @Test func secondUploadOfANumberDoesNotReplaceTheFirst() async throws {
    let number = ModelVersion(name: "m", number: 1)
    let first = TestVersion(number, contents: ["a.bin": [1, 2, 3]])
    let second = TestVersion(number, contents: ["a.bin": [4, 5, 6]])
    let repository = try await opened()
    _ = try await repository.stage(second.manifest)
    try await push(first, to: repository)
    try await repository.switchActive(to: number, digest: first.digest)
    let chunk = try #require(second.chunks().first)
    let error = await #expect(throws: CommandError.self) { try await repository.write(chunk) }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("m@1 is here already, with other contents") == true)
    _ = try await repository.verified(number, digest: first.digest)
    #expect(Disk().names(in: folder.path("repo/.staging")).isEmpty, "the other upload is dropped")
    #expect(try await opened().activeVersions.models["m"]?.active.digest == first.digest)
  }

  @Test(arguments: ["active.json", "active.json.new", "models", "drain.json"])
  func anyNameButADottedOneIsAModels(_ name: String) async throws {
    let version = TestVersion(ModelVersion(name: name, number: 1), contents: ["a.bin": [1]])
    let repository = try await opened()
    try await push(version, to: repository)
    try await repository.switchActive(to: version.version, digest: version.digest)
    #expect(try await opened().activeVersions.models[name]?.active.digest == version.digest)
  }

  @Test func namesThatTheRepositoryUsesAreRefused() async throws {
    let repository = try await opened()
    let dotted = TestVersion(ModelVersion(name: ".staging", number: 1), contents: ["a.bin": [1]])
    let error = await #expect(throws: CommandError.self) { try await repository.stage(dotted.manifest) }
    #expect(error?.code == .invalid && error?.message.contains("name: '.staging' begins with a dot") == true)
    for path in ["manifest.json.new", "manifest.json/x", "manifest.json.new/x"] {
      let version = TestVersion(ModelVersion(name: "m", number: 1), contents: [path: []])
      let error = await #expect(throws: CommandError.self) { try await repository.stage(version.manifest) }
      #expect(error?.code == .invalid && error?.message.contains("files[0].path: 'manifest.json") == true)
    }
  }

  @Test func versionThatWasJustCompletedIsKeptHoweverOldItsUpload() async throws {
    let repository = try await opened()
    let slow = TestVersion.tiny(1)
    _ = try await repository.stage(slow.manifest)
    for number in 2...4 { try await push(TestVersion.tiny(number), to: repository) }
    try await push(slow, to: repository)
    #expect(await repository.entries.map(\.version.number) == [1, 3, 4])
    _ = try await repository.verified(slow.version, digest: slow.digest)
  }

  @Test func versionsThatCannotBeDroppedFailNoUpload() async throws {
    var disk = Disk()
    disk.willDo = { step in
      if case .rename(_, let target) = step, target.contains("trash-") { throw CommandError(.failed, "stuck") }
    }
    let repository = try await opened(disk)
    for number in 1...5 { try await push(TestVersion.tiny(number), to: repository) }
    #expect(await repository.entries.map(\.version.number) == [1, 2, 3, 4, 5])
  }

  @Test func spaceOfAllUploadsIsCounted() async throws {
    var disk = Disk()
    disk.freeBytes = { _ in ModelRepository.reservedBytes + 3000 }
    let repository = try await opened(disk)
    let (first, second) = (TestVersion.tiny(1), TestVersion.tiny(2))
    _ = try await repository.stage(first.manifest)
    let error = await #expect(throws: CommandError.self) { try await repository.stage(second.manifest) }
    #expect(error?.code == .noSpace)
    #expect(error?.message.contains("needs 2 KB, 2 KB are promised to other uploads and 64 MB must stay free") == true)
    _ = try await repository.stage(first.manifest)
  }

  @Test func damagedListOfActiveVersionsKeepsNobodyFromStarting() async throws {
    let version = TestVersion.tiny(1)
    let before = try await opened()
    try await push(version, to: before)
    try await before.switchActive(to: version.version, digest: version.digest)
    try Disk().replace(folder.path("repo/active.json"), with: Array("{".utf8))
    let after = try await opened()
    #expect(await after.entries.map(\.role) == [.stored])
    try await after.switchActive(to: version.version, digest: version.digest)
    #expect(try await opened().entries.map(\.role) == [.active])
  }

  @Test(arguments: [0, 1, 5]) func keepsAsManySparesAsItIsTold(kept: Int) async throws {
    let repository = try await opened(keptVersions: kept)
    for number in 1...8 {
      let version = TestVersion.tiny(number)
      try await push(version, to: repository)
      if number <= 2 { try await repository.switchActive(to: version.version, digest: version.digest) }
    }
    // What was just pushed has to stay until it can be activated.
    let spares = (3...8).suffix(max(1, kept))
    #expect(await repository.entries.map(\.version.number) == [1, 2] + spares)
  }

  @Test func sparesMakeRoomTheOldestFirst() async throws {
    let free = Mutex<UInt64>(1 << 40)
    var disk = Disk()
    disk.freeBytes = { _ in free.withLock { $0 } }
    disk.willDo = { step in
      // Each version holds some 2 KB.
      if case .remove(let path) = step, path.contains("trash-") { free.withLock { $0 += 2013 } }
    }
    let repository = try await opened(disk)
    for number in 1...5 {
      let version = TestVersion.tiny(number)
      try await push(version, to: repository)
      if number <= 2 { try await repository.switchActive(to: version.version, digest: version.digest) }
    }
    let other = TestVersion.tiny(1, model: "m")
    try await push(other, to: repository)
    for (age, path) in ["tag-reader/3", "tag-reader/4", "tag-reader/5", "m/1"].enumerated() {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: Double(age))],
        ofItemAtPath: folder.path("repo/models/\(path)/manifest.json")
      )
    }
    free.withLock { $0 = ModelRepository.reservedBytes + 100 }
    let revision = await repository.revision
    _ = try await repository.stage(TestVersion.tiny(6).manifest)
    #expect(
      await repository.entries.map(\.version) == [other.version] + [1, 2, 4, 5].map { TestVersion.tiny($0).version }
    )
    #expect(await repository.revision > revision, "the engine is to be told")

    // Not all of them together would do: then none goes.
    let large = TestVersion(ModelVersion(name: "m", number: 9), contents: ["a": [UInt8](repeating: 1, count: 20_000)])
    let error = await #expect(throws: CommandError.self) { try await repository.stage(large.manifest) }
    #expect(error?.code == .noSpace)
    let words = "(tag-reader@4, tag-reader@5, m@1, which could go, hold 6 KB: too little)"
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(await repository.entries.count == 5)
  }

  @Test func whatIsBeingActivatedIsNotDropped() async throws {
    var disk = Disk()
    disk.freeBytes = { _ in ModelRepository.reservedBytes + 5000 }
    let repository = try await opened(disk, keptVersions: 1)
    let version = TestVersion.tiny(1)
    try await push(version, to: repository)
    await repository.hold(version.version)
    for number in 2...3 { try await push(TestVersion.tiny(number), to: repository) }
    #expect(await repository.entries.map(\.version.number) == [1, 3])
    try await repository.switchActive(to: version.version, digest: version.digest)
    await repository.hold(nil)
    let gone = TestVersion.tiny(2)
    let error = await #expect(throws: CommandError.self) {
      try await repository.switchActive(to: gone.version, digest: gone.digest)
    }
    #expect(error?.code == .notFound && error?.message.contains("push it again") == true)
  }

  @Test func whatFailedIsStillKnownWhenItIsPushedAgain() async throws {
    let repository = try await opened(keptVersions: 1)
    let version = TestVersion.tiny(1)
    try await push(version, to: repository)
    try await repository.remember(version.version, digest: version.digest, reason: String(repeating: "x", count: 9000))
    try await push(TestVersion.tiny(2), to: repository)
    #expect(await repository.entries.map(\.version.number) == [2])
    let next = try await opened(keptVersions: 2)
    try await push(version, to: next)
    #expect(await next.entries.first?.problem == String(repeating: "x", count: 500) + "…")
    try await next.switchActive(to: version.version, digest: version.digest)
    #expect(await next.entries.first?.problem == nil)
  }

  private func opened(_ disk: Disk = Disk(), keptVersions: Int = 3) async throws -> ModelRepository {
    let repository = try ModelRepository(
      root: folder.path("repo"),
      keptVersions: keptVersions,
      disk: disk,
      log: .silent
    )
    try await repository.open()
    return repository
  }

  private func push(_ version: TestVersion, to repository: ModelRepository) async throws {
    let staged = try await repository.stage(version.manifest)
    for chunk in version.chunks(of: 700) {
      let received = staged.first { $0.path == chunk.path }?.receivedBytes ?? 0
      guard chunk.offset + UInt64(chunk.bytes.count) > received else { continue }
      let skipped = Int(received > chunk.offset ? received - chunk.offset : 0)
      _ = try await repository.write(
        FileChunk(
          digest: chunk.digest,
          path: chunk.path,
          offset: chunk.offset + UInt64(skipped),
          bytes: Array(chunk.bytes.dropFirst(skipped))
        )
      )
    }
  }
}

extension Logger {
  static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
