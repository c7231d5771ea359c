import FleetCore
import Testing

struct SimulatedAgentTests {
  private let name = NodeName(store: "austin-01", node: "a")
  private let sibling = NodeName(store: "austin-01", node: "b")

  @Test func framesSayThatTheyAreSimulatedAndCountUp() async throws {
    let agent = SimulatedAgent(name: name) { $0.injectedFault = "tick \($0.sequence)" }
    var frames: [Frame] = []
    for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) {
      frames.append(frame)
      if frames.count == 3 { break }
    }
    #expect(frames.map(\.sequence) == [1, 2, 3])
    #expect(frames.map(\.injectedFault) == ["tick 1", "tick 2", "tick 3"])
    #expect(frames.allSatisfy { $0.isSimulated && $0.node == name })
    for try await frame in agent.frames(FrameRequest(history: 2)) {
      #expect(frame.sequence == 2, "the past comes first")
      break
    }
  }

  @Test func theIntervalIsHeldWithinItsBounds() {
    #expect(FrameRequest(interval: .zero).interval == .milliseconds(100))
    #expect(FrameRequest(interval: .seconds(1000)).interval == .seconds(60))
    #expect(FrameRequest(history: -1).history == 0)
  }

  @Test func pushesInPiecesActivatesAndRollsBack() async throws {
    let agent = SimulatedAgent(name: name)
    let first = try await push(version: 1, contents: Array(0...99), to: agent)
    let activated = try await agent.execute(.activate(first.version, digest: first.digest))
    #expect(
      activated
        == .activated(Activation(active: first.version, digest: first.digest, previous: nil, loadMilliseconds: 1))
    )
    await expect(.notFound) { try await agent.execute(.rollback(model: "m")) }

    let second = try await push(version: 2, contents: Array(100...250), to: agent)
    _ = try await agent.execute(.activate(second.version, digest: second.digest))
    let roles = try await agent.describe().repository.map { "\($0.version) \($0.role.rawValue) \($0.bytes)" }
    #expect(roles == ["m@1 previous 100", "m@2 active 151"])
    let back = try await agent.execute(.rollback(model: "m"))
    #expect(
      back
        == .activated(
          Activation(active: first.version, digest: first.digest, previous: nil, loadMilliseconds: 1)
        )
    )
  }

  @Test func resumesWhereAnUploadStopped() async throws {
    let agent = SimulatedAgent(name: name)
    let manifest = manifest(version: 1, contents: [1, 2, 3, 4])
    _ = try await agent.execute(.stage(manifest))
    _ = try await agent.execute(.write(chunk(manifest, offset: 0, [1, 2])))
    let resumed = try await agent.execute(.stage(manifest))
    #expect(resumed == .staged([StagedFile(path: "f", receivedBytes: 2, totalBytes: 4)]))
    await expect(.conflict) { try await agent.execute(.write(chunk(manifest, offset: 0, [1, 2]))) }
    await expect(.notFound) { try await agent.execute(.activate(manifest.version, digest: manifest.digest)) }
    #expect(try await agent.execute(.write(chunk(manifest, offset: 2, [3, 4]))) == .written(receivedBytes: 4))
    let complete = try await agent.execute(.stage(manifest))
    #expect(complete == .staged([StagedFile(path: "f", receivedBytes: 4, totalBytes: 4)]))
  }

  @Test func refusesBytesThatAreNotThoseOfTheManifest() async throws {
    let agent = SimulatedAgent(name: name)
    let manifest = manifest(version: 1, contents: [1, 2, 3, 4])
    await expect(.notFound) { try await agent.execute(.write(chunk(manifest, offset: 0, [1]))) }
    _ = try await agent.execute(.stage(manifest))
    await expect(.invalid) { try await agent.execute(.write(chunk(manifest, offset: 0, [1, 2, 3, 4, 5]))) }
    await expect(.corrupt) { try await agent.execute(.write(chunk(manifest, offset: 0, [1, 2, 3, 5]))) }
    let staged = try await agent.execute(.stage(manifest))
    #expect(staged == .staged([StagedFile(path: "f", receivedBytes: 0, totalBytes: 4)]), "the bad bytes are gone")
    await expect(.invalid) { try await agent.execute(.stage(ModelManifest(version: manifest.version, files: []))) }
  }

  @Test func oneNumberHasOneContent() async throws {
    let agent = SimulatedAgent(name: name)
    _ = try await push(version: 1, contents: [1], to: agent)
    await expect(.conflict) { try await agent.execute(.stage(manifest(version: 1, contents: [2]))) }
  }

  @Test func drainsWhenNothingIsInFlight() async throws {
    let agent = SimulatedAgent(name: name, siblings: [sibling])
    let model = ModelStatus(name: "m", version: 1, digest: ModelDigest(ofManifest: []), inFlight: 1)
    await agent.update { $0.models = [model] }
    let order = DrainOrder(reason: "fan noise", orderedBy: "ana")
    #expect(try await agent.execute(.drain(order)) == .draining(handOffTo: [sibling]))
    #expect(try await agent.execute(.drain(order)) == .draining(handOffTo: [sibling]), "may be repeated")
    #expect(try await availability(of: agent) == .draining)
    await agent.update { $0.models[0].inFlight = 0 }
    #expect(try await availability(of: agent) == .drained)
    #expect(try await agent.execute(.undrain(orderedBy: "ana")) == .serving)
    #expect(try await availability(of: agent) == .serving)
  }

  @Test func theLastOfAStoreIsDrainedOnlyByForce() async throws {
    let agent = SimulatedAgent(name: name)
    await expect(.refused) { try await agent.execute(.drain(DrainOrder(reason: "why", orderedBy: "ana"))) }
    await expect(.invalid) { try await agent.execute(.drain(DrainOrder(reason: "", orderedBy: "ana", isForced: true))) }
    let forced = try await agent.execute(.drain(DrainOrder(reason: "why", orderedBy: "ana", isForced: true)))
    #expect(forced == .draining(handOffTo: []))
  }

  @Test func failsAsATestAsksIt() async {
    let agent = SimulatedAgent(name: name)
    await agent.failNext(CommandError(.noSpace, "the disk is full"))
    await expect(.noSpace) { try await agent.execute(.undrain(orderedBy: "ana")) }
    await agent.setPaused(true)
    await expect(.timeout) { try await agent.execute(.undrain(orderedBy: "ana")) }
    await agent.setPaused(false)
    #expect(await (try? agent.execute(.undrain(orderedBy: "ana"))) == .serving)
  }

  /// What later frames say: the second of a new watcher, since a frame tells what was measured before it.
  private func availability(of agent: SimulatedAgent) async throws -> Availability? {
    var seen = 0
    for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) {
      seen += 1
      if seen == 2 { return frame.availability }
    }
    return nil
  }

  private func manifest(version: Int, contents: [UInt8]) -> ModelManifest {
    let file = ModelManifest.File(path: "f", bytes: UInt64(contents.count), sha256: SHA256Text.hash(contents))
    return ModelManifest(version: ModelVersion(name: "m", number: version), files: [file])
  }

  private func chunk(_ manifest: ModelManifest, offset: UInt64, _ bytes: [UInt8]) -> FileChunk {
    FileChunk(digest: manifest.digest, path: "f", offset: offset, bytes: bytes)
  }

  private func push(version: Int, contents: [UInt8], to agent: SimulatedAgent) async throws -> ModelManifest {
    let manifest = manifest(version: version, contents: contents)
    _ = try await agent.execute(.stage(manifest))
    let half = contents.count / 2
    if half > 0 { _ = try await agent.execute(.write(chunk(manifest, offset: 0, Array(contents[..<half])))) }
    _ = try await agent.execute(.write(chunk(manifest, offset: UInt64(half), Array(contents[half...]))))
    return manifest
  }

  private func expect(
    _ code: CommandError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Outcome
  ) async {
    do {
      let outcome = try await body()
      Issue.record("expected \(code), found \(outcome)", sourceLocation: sourceLocation)
    } catch {
      let error = error as? CommandError
      #expect(error?.code == code, sourceLocation: sourceLocation)
      #expect(error?.message.isEmpty == false, sourceLocation: sourceLocation)
    }
  }
}
