import FleetCore
import FleetTestSupport
import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import FleetAgent

/// What a node takes when it trusts a key, from its configuration to its disk.
struct SignatureTests {
  private let key = SigningKey()
  private let folder: TemporaryFolder
  private let one = TestVersion.tiny(1)
  private let two = TestVersion.tiny(2)
  private let three = TestVersion.tiny(3)

  init() throws {
    folder = try TemporaryFolder()
    try Data(key.publicKey.text(name: "release").utf8).write(to: URL(filePath: folder.path("release.pub")))
  }

  /// Where `state` is given, as soon as the agent before has let go of it.
  private func node(state: TemporaryFolder? = nil, trusting name: String? = "release") async throws -> TestNode {
    let files = name.map { [folder.path("\($0).pub")] } ?? []
    return try await eventually("the agent starts") {
      do {
        return try await TestNode(folder: state) { $0.trustedKeys = files }
      } catch is StateLock.Held {
        return nil
      }
    }
  }

  /// What an agent does that another one follows on the same disk.
  private func before(
    _ state: TemporaryFolder,
    trusting name: String? = "release",
    _ body: (TestNode) async throws -> Void
  ) async throws {
    let node = try await node(state: state, trusting: name)
    try await body(node)
    await node.stop()
  }

  private func sign(_ version: TestVersion, _ counter: UInt64, expires: UInt64? = nil) throws -> ManifestSignature {
    try key.sign(version.manifest, counter: counter, expires: expires)
  }

  private func serve(_ version: TestVersion, _ counter: UInt64, on node: TestNode) async throws {
    try await version.push(to: node.agent, signature: try sign(version, counter))
    _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
  }

  @Test func takesWhatIsSignedAndSaysThatItMustBe() async throws {
    let node = try await node()
    #expect(try await node.agent.describe().isSignatureRequired)
    try await serve(one, 10, on: node)
    try await node.frame("serves 1") { $0.models.first?.version == 1 && $0.engine.state == .serving }
    await node.stop()
  }

  @Test func withoutAKeyItTakesEverythingAndSaysSo() async throws {
    let node = try await TestNode()
    #expect(try await !node.agent.describe().isSignatureRequired)
    try await one.push(to: node.agent)
    _ = try await node.agent.execute(.activate(one.version, digest: one.digest))
    await node.stop()
  }

  @Test func refusesEachHostileManifestInItsOwnWords() async throws {
    let node = try await node()
    try await serve(two, 20, on: node)
    var tampered = two.manifest.files
    tampered[0].sha256 = SHA256Text.hash([9])
    let attacks: [(CommandError.Code, String, ModelManifest, ManifestSignature?)] = [
      (.denied, "is not signed", three.manifest, nil),
      (.denied, "which this node does not trust", three.manifest, try SigningKey().sign(three.manifest, counter: 30)),
      (
        .corrupt, "is not of this manifest", ModelManifest(version: three.version, files: tampered),
        try sign(three, 30)
      ),
      (.denied, "one with 20 was seen already", one.manifest, try sign(one, 19)),
      (.denied, "which other contents of this model were signed with too", one.manifest, try sign(one, 20)),
      (.denied, "expired at 1970-01-01T00:16:40Z", three.manifest, try sign(three, 30, expires: 1000)),
    ]
    for (code, words, manifest, signature) in attacks {
      await expectError(code, saying: words, of: node.agent, .stage(manifest, signature: signature))
    }
    #expect(try await node.agent.describe().repository.map(\.version) == [two.version])
    try await serve(three, 30, on: node)
    await node.stop()
  }

  @Test func goesOnServingWhatItHeldBeforeSignaturesWereRequired() async throws {
    let state = try TemporaryFolder()
    try await before(state, trusting: nil) { node in
      for version in [one, two] {
        try await version.push(to: node.agent)
        _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
      }
      try await three.push(to: node.agent)
    }
    let node = try await node(state: state)
    try await node.frame("still serves 2") { $0.models.first?.version == 2 && $0.engine.state == .serving }
    await expectError(
      .denied,
      saying: "without a signature that it knows",
      of: node.agent,
      .activate(three.version, digest: three.digest)
    )
    try await goesBack(node, to: one)
    // Its files are here already: a signature is all that it lacks.
    _ = try await node.agent.execute(.stage(three.manifest, signature: try sign(three, 1)))
    _ = try await node.agent.execute(.activate(three.version, digest: three.digest))
    await node.stop()
  }

  @Test func remembersWhatItHasSeenWhenTheAgentStartsAnew() async throws {
    let state = try TemporaryFolder()
    try await before(state) { node in
      try await serve(one, 10, on: node)
      try await serve(two, 20, on: node)
    }
    let node = try await node(state: state)
    let old = try sign(three, 15)
    await expectError(.denied, saying: "one with 20", of: node.agent, .stage(three.manifest, signature: old))
    await expectError(.denied, saying: "one with 20", of: node.agent, .activate(one.version, digest: one.digest))
    // Nothing changes: it is active.
    _ = try await node.agent.execute(.activate(two.version, digest: two.digest))
    try await goesBack(node, to: one)
    await node.stop()
  }

  @Test func goesBackToNothingThatARevokedKeySigned() async throws {
    let state = try TemporaryFolder()
    try await before(state) { node in
      try await serve(one, 10, on: node)
      try await serve(two, 20, on: node)
    }
    let fresh = SigningKey()
    try Data(fresh.publicKey.text(name: "fresh").utf8).write(to: URL(filePath: folder.path("fresh.pub")))
    let node = try await node(state: state, trusting: "fresh")
    try await node.frame("still serves 2") { $0.models.first?.version == 2 && $0.engine.state == .serving }
    await expectError(.denied, saying: "does not trust", of: node.agent, .rollback(model: "tag-reader"))
    try await three.push(to: node.agent, signature: try fresh.sign(three.manifest, counter: 1))
    _ = try await node.agent.execute(.activate(three.version, digest: three.digest))
    await node.stop()
  }

  @Test func whoHasLostItsMemoryTakesNothingNewButGoesBack() async throws {
    let state = try TemporaryFolder()
    try await before(state) { node in
      try await serve(one, 10, on: node)
      try await serve(two, 20, on: node)
    }
    try Data("{".utf8).write(to: URL(filePath: state.path("signatures.json")))
    let node = try await node(state: state)
    try await node.frame("still serves 2") { $0.models.first?.version == 2 && $0.engine.state == .serving }
    let signature = try sign(three, 30)
    await expectError(.failed, saying: "lost its memory", of: node.agent, .stage(three.manifest, signature: signature))
    await expectError(.failed, saying: "lost its memory", of: node.agent, .activate(one.version, digest: one.digest))
    try await goesBack(node, to: one)
    await node.stop()
  }

  private func goesBack(_ node: TestNode, to version: TestVersion) async throws {
    let outcome = try await node.agent.execute(.rollback(model: "tag-reader"))
    guard case .activated(let activation) = outcome else {
      Issue.record("expected an activation, found \(outcome)")
      return
    }
    #expect(activation.active == version.version)
  }

  /// Power goes at each step of taking a version. What the node said yes to, it still knows afterwards.
  @Test func memoryIsOnTheDiskBeforeAVersionIsAccepted() async throws {
    var steps = 0
    var isDone = false
    while !isDone {
      let state = try TemporaryFolder()
      try await keeper(state).admit(one.manifest, try sign(one, 10), to: [])
      let cut = PowerCut(after: steps)
      isDone = (try? await keeper(state, cut.disk).admit(two.manifest, try sign(two, 20), to: [])) != nil
      #expect(isDone || cut.isCut)
      try cut.loseWhatWasNotSynced()
      let after = try await keeper(state)
      await expect("one with \(isDone ? 20 : 10) was seen", or: isDone ? nil : "one with 20 was seen") {
        try await after.admit(three.manifest, try sign(three, 5), to: [])
      }
      steps += 1
    }
    #expect(steps > 4, "writing it takes several steps")
  }

  @Test func aFullDiskRefusesInsteadOfForgetting() async throws {
    var disk = Disk()
    disk.willDo = { if case .append = $0 { throw SystemError("write", code: 28) } }
    let full = try await keeper(folder, disk)
    await expect("the disk of this node is full") { try await full.admit(one.manifest, try sign(one, 10), to: []) }
    // It has not taken note of what it refused.
    await expect("the disk of this node is full") { try await full.admit(one.manifest, try sign(one, 9), to: []) }
  }

  @Test func timeIsTheNodesOwn() async throws {
    let now = Mutex(500.0)
    let keeper = try await keeper(folder) { Date(timeIntervalSince1970: now.withLock { $0 }) }
    let signature = try sign(one, 10, expires: 1000)
    let entry = RepositoryEntry(version: one.version, digest: one.digest, bytes: 1, role: .stored)
    try await keeper.admit(one.manifest, signature, to: [])
    try await keeper.checkActivation(of: one.version, digest: one.digest, in: [entry])
    now.withLock { $0 = 1001 }
    await expect("expired") { try await keeper.admit(one.manifest, signature, to: [entry]) }
    await expect("expired") { try await keeper.checkActivation(of: one.version, digest: one.digest, in: [entry]) }
    var active = entry
    active.role = .active
    try await keeper.admit(one.manifest, signature, to: [active])
    try await keeper.checkActivation(of: one.version, digest: one.digest, in: [active])
  }

  @Test func everyKeyThatIsNoneIsToldOfAtOnce() throws {
    let good = folder.path("release.pub")
    let files = ["secret", "noise", "large"].map { folder.path($0) } + [folder.path("missing"), folder.path]
    try Data(key.text(name: "release").utf8).write(to: URL(filePath: files[0]))
    try Data([0xff, 0xfe, 0]).write(to: URL(filePath: files[1]))
    try Data(count: 70_000).write(to: URL(filePath: files[2]))
    let error = #expect(throws: ConfigurationError.self) { try TrustedKeys(files: [good] + files) }
    let words = ["holds a private key", "holds no key", "more than 64 KB", "cannot read", "cannot read"]
    let problems = error?.problems ?? []
    #expect(problems.count == words.count, "\(problems)")
    for ((problem, word), file) in zip(zip(problems, words), files) {
      #expect(
        problem.hasPrefix("--trusted-key: ") && problem.contains(word) && problem.contains("'\(file)'"),
        "\(problem)"
      )
    }
    #expect(try TrustedKeys(files: [good, good]).fingerprints == [key.publicKey.fingerprint])
  }

  @Test func aKeyThatCannotBeReadKeepsTheAgentFromStarting() async throws {
    await #expect(throws: ConfigurationError.self) { _ = try await TestNode { $0.trustedKeys = ["/nowhere/k.pub"] } }
  }

  private func keeper(
    _ state: TemporaryFolder,
    _ disk: Disk = Disk(),
    date: @escaping @Sendable () -> Date = { Date(timeIntervalSince1970: 500) }
  ) async throws -> SignatureKeeper {
    let keeper = try SignatureKeeper(
      trusted: TrustedKeys([key.publicKey]),
      stateDirectory: state.path,
      disk: disk,
      date: date,
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )
    await keeper.open()
    return keeper
  }

  private func expect(_ words: String, or others: String? = nil, _ body: () async throws -> Void) async {
    let error = await #expect(throws: CommandError.self) { try await body() }
    let message = error?.message ?? ""
    #expect(message.contains(words) || others.map { message.contains($0) } == true, "\(message)")
  }
}
