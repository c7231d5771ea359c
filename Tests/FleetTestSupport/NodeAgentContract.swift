package import FleetCore
import FoundationEssentials
package import Testing

/// What every `NodeAgent` promises, whether it is the box itself, the same over the wire, or its twin in memory.
///
/// `makeAgent` gives a fresh agent, in a store with the siblings it is told; none means that it is the last serving node.
/// An agent with a real engine is given versions of one model that the engine can load: two that came without a golden set and one with three
/// pictures that it answers right.
package func verifyNodeAgentContract(
  first: TestVersion = .tiny(1),
  second: TestVersion = .tiny(2),
  golden: TestVersion = .golden(3),
  _ makeAgent: (_ siblings: [NodeName]) async throws -> any NodeAgent
) async throws {
  let contract = NodeAgentContract(first: first, second: second, golden: golden)
  try await contract.describesItself(makeAgent([]))
  try await contract.sendsFrames(makeAgent([]))
  try await contract.sendsHistoryFirst(makeAgent([]))
  try await contract.takesVersion(makeAgent([]))
  try await contract.goesBack(makeAgent([]))
  try await contract.goesBackToTheLastGood(makeAgent([]))
  try await contract.evaluatesGoldenSets(makeAgent([]))
  try await contract.keepsWrongBytesOut(makeAgent([]))
  try await contract.takesStreams(makeAgent([]))
  try await contract.keepsWrongStreamsOut(makeAgent([]))
  try await contract.refusesNonsense(makeAgent([]))
  try await contract.protectsLastNode(makeAgent([]))
  let sibling = NodeName(store: "austin-01", node: "sibling")
  try await contract.drains(makeAgent([sibling]), to: [sibling])
  try await contract.tellsWhatWasDone(makeAgent([sibling]))
}

/// Expects `command` to fail with `code` and with `words` in its message.
package func expectError(
  _ code: CommandError.Code,
  saying words: String = "",
  of agent: any NodeAgent,
  _ command: Command,
  sourceLocation: SourceLocation = #_sourceLocation
) async {
  do {
    let outcome = try await agent.execute(command)
    Issue.record("expected \(code), found \(outcome)", sourceLocation: sourceLocation)
  } catch {
    #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
    #expect(words.isEmpty || error.message.contains(words), "\(error.message)", sourceLocation: sourceLocation)
  }
}

struct NodeAgentContract {
  let first: TestVersion
  let second: TestVersion
  let golden: TestVersion

  func describesItself(_ agent: any NodeAgent) async throws {
    let description = try await agent.describe()
    #expect(description.name == agent.name)
    #expect(description.repository.isEmpty)
    #expect(description.cores > 0)
    #expect(!description.agentVersion.isEmpty && !description.operatingSystem.isEmpty)
  }

  func tellsWhatWasDone(_ agent: any NodeAgent) async throws {
    for version in [first, second] {
      try await version.push(to: agent)
      _ = try await activated(version, on: agent)
    }
    _ = try await agent.execute(.rollback(model: first.version.name))
    let order = DrainOrder(reason: "to be told", orderedBy: "kim", deadline: .seconds(60))
    _ = try await agent.execute(.drain(order))
    _ = try await agent.execute(.undrain(orderedBy: "lee"))
    let orders: Set<NodeChange.Kind> = [.activated, .rolledBack, .drained, .undrained]
    let changes = try await agent.describe().changes.filter { orders.contains($0.kind) }
    #expect(changes.map(\.kind) == [.activated, .activated, .rolledBack, .drained, .undrained])
    #expect(changes.last?.orderedBy == "lee" && changes.dropLast().last?.orderedBy == "kim")
    #expect(changes.dropLast().last?.text == "drained: to be told")
    #expect(zip(changes, changes.dropFirst()).allSatisfy { $0.time <= $1.time }, "the newest last")
  }

  func sendsFrames(_ agent: any NodeAgent) async throws {
    // An interval below the bounds is held at 100 ms.
    let began = ContinuousClock.now
    let frames = try await take(4, from: agent, FrameRequest(interval: .milliseconds(1)))
    let took = ContinuousClock.now - began
    #expect(took >= .milliseconds(200), "4 frames at 100 ms came within \(took)")
    for (earlier, later) in zip(frames, frames.dropFirst()) {
      #expect(earlier.sequence < later.sequence)
      #expect(earlier.time <= later.time)
      #expect(earlier.agentStarted == later.agentStarted)
    }
    #expect(frames.allSatisfy { $0.node == agent.name && $0.availability == .serving && $0.drain == nil })
  }

  func sendsHistoryFirst(_ agent: any NodeAgent) async throws {
    let seen = try await take(3, from: agent, FrameRequest(interval: .milliseconds(100)))
    let frames = try await take(3, from: agent, FrameRequest(interval: .milliseconds(100), history: 2))
    let newest = try #require(seen.last)
    #expect(frames[0].sequence <= newest.sequence + 1, "the past comes first")
    #expect(frames[0].sequence < frames[1].sequence && frames[1].sequence < frames[2].sequence)
  }

  func takesVersion(_ agent: any NodeAgent) async throws {
    #expect(try await staged(first, on: agent).allSatisfy { $0.receivedBytes == 0 })
    #expect(try await staged(first, on: agent).map(\.path) == first.manifest.files.map(\.path), "stage may be repeated")
    await expectError(.notFound, of: agent, .activate(first.version, digest: first.digest))

    var chunks = first.chunks(of: 700)
    let opening = chunks.removeFirst()
    #expect(try await written(opening, to: agent) == UInt64(opening.bytes.count))
    let resumed = try await staged(first, on: agent).first { $0.path == opening.path }
    #expect(resumed?.receivedBytes == UInt64(opening.bytes.count), "a push goes on where it was broken off")
    for chunk in chunks {
      #expect(try await written(chunk, to: agent) == chunk.offset + UInt64(chunk.bytes.count))
    }
    #expect(try await staged(first, on: agent).allSatisfy(\.isComplete))
    #expect(try await agent.describe().repository.map(\.role) == [.stored])

    let activation = try await activated(first, on: agent)
    #expect(activation.active == first.version && activation.digest == first.digest && activation.previous == nil)
    #expect(try await activated(first, on: agent).active == first.version, "activate may be repeated")
    try await servesVersion(first, agent)
    #expect(try await staged(first, on: agent).allSatisfy(\.isComplete), "stage of what is active may be repeated")
    #expect(try await agent.describe().repository.map(\.role) == [.active])
  }

  func goesBack(_ agent: any NodeAgent) async throws {
    await expectError(.notFound, saying: first.version.name, of: agent, .rollback(model: first.version.name))
    try await first.push(to: agent)
    _ = try await activated(first, on: agent)
    await expectError(.notFound, saying: first.version.name, of: agent, .rollback(model: first.version.name))
    try await second.push(to: agent)
    #expect(try await activated(second, on: agent).previous == first.version)
    try await servesVersion(second, agent)
    #expect(Set(try await agent.describe().repository.map(\.role)) == [.active, .previous])
    guard case .activated(let activation) = try await agent.execute(.rollback(model: first.version.name)) else {
      Issue.record("rollback answers with an activation")
      return
    }
    #expect(activation.active == first.version && activation.digest == first.digest)
    try await servesVersion(first, agent)
    await expectError(.notFound, saying: "no-such-model", of: agent, .rollback(model: "no-such-model"))
  }

  func goesBackToTheLastGood(_ agent: any NodeAgent) async throws {
    for version in [first, second, golden] { try await version.push(to: agent) }
    await expectError(.conflict, saying: "\(first.version)", of: agent, .confirm(first.version, digest: first.digest))
    _ = try await activated(first, on: agent)
    #expect(try await provisional(agent) == [first.version], "what was just activated is on probation")
    try await waitForFrame(agent, "says so in frames") { $0.models.first?.isProvisional == true }
    #expect(try await agent.execute(.confirm(first.version, digest: first.digest)) == .confirmed)
    #expect(try await agent.execute(.confirm(first.version, digest: first.digest)) == .confirmed, "may be repeated")
    await expectError(.conflict, of: agent, .confirm(first.version, digest: second.digest))
    #expect(try await provisional(agent).isEmpty)
    try await waitForFrame(agent, "says so in frames") { $0.models.first?.isProvisional == false }

    #expect(try await activated(second, on: agent).previous == first.version)
    #expect(try await activated(second, on: agent).previous == first.version, "activate may be repeated")
    #expect(try await activated(golden, on: agent).previous == first.version, "not the one on probation")
    #expect(try await provisional(agent) == [golden.version])
    guard case .activated(let back) = try await agent.execute(.rollback(model: first.version.name)) else {
      Issue.record("rollback answers with an activation")
      return
    }
    #expect(back.active == first.version && back.previous == nil, "what never proved itself is not gone back to")
    #expect(try await provisional(agent).isEmpty, "what was good still is")
    try await servesVersion(first, agent)

    _ = try await activated(second, on: agent)
    #expect(try await agent.execute(.confirm(second.version, digest: second.digest)) == .confirmed)
    #expect(try await activated(golden, on: agent).previous == second.version)
    let roles = try await agent.describe().repository.map(\.role)
    #expect(roles == [.stored, .previous, .active])
  }

  func evaluatesGoldenSets(_ agent: any NodeAgent) async throws {
    for version in [first, golden] { try await version.push(to: agent) }
    await expectError(
      .conflict,
      saying: "\(golden.version)",
      of: agent,
      .evaluate(golden.version, digest: golden.digest)
    )
    _ = try await activated(first, on: agent)
    await expectError(.notFound, saying: "golden", of: agent, .evaluate(first.version, digest: first.digest))
    await expectError(.conflict, of: agent, .evaluate(golden.version, digest: golden.digest))
    _ = try await activated(golden, on: agent)
    await expectError(.conflict, of: agent, .evaluate(golden.version, digest: first.digest))
    let result = GoldenResult(right: 3, total: 3)
    #expect(try await agent.execute(.evaluate(golden.version, digest: golden.digest)) == .evaluated(result))
    #expect(
      try await agent.execute(.evaluate(golden.version, digest: golden.digest)) == .evaluated(result),
      "evaluate may be repeated"
    )
  }

  func keepsWrongBytesOut(_ agent: any NodeAgent) async throws {
    _ = try await staged(first, on: agent)
    var chunks = first.chunks(of: 1000).filter { $0.path == first.manifest.files.last?.path }
    var flipped = chunks.removeLast()
    flipped.bytes[flipped.bytes.count / 2] ^= 1
    for chunk in chunks { _ = try await written(chunk, to: agent) }
    await expectError(.corrupt, saying: flipped.path, of: agent, .write(flipped))
    let after = try await staged(first, on: agent).first { $0.path == flipped.path }
    #expect(after?.receivedBytes == 0, "wrong bytes are discarded")
    await expectError(.notFound, of: agent, .activate(first.version, digest: first.digest))
    try await first.push(to: agent)
    #expect(try await activated(first, on: agent).active == first.version)
  }

  func refusesNonsense(_ agent: any NodeAgent) async throws {
    let unsafe = ModelManifest(
      version: first.version,
      files: [ModelManifest.File(path: "../escape", bytes: 1, sha256: SHA256Text.hash([0]))]
    )
    await expectError(.invalid, saying: "../escape", of: agent, .stage(unsafe))
    let stray = FileChunk(digest: second.digest, path: "model.onnx", offset: 0, bytes: [1])
    await expectError(.notFound, of: agent, .write(stray))

    _ = try await staged(first, on: agent)
    let file = try #require(first.manifest.files.first)
    let gap = FileChunk(digest: first.digest, path: file.path, offset: 1, bytes: [1])
    await expectError(.conflict, saying: "offset 0", of: agent, .write(gap))
    let unknown = FileChunk(digest: first.digest, path: "unlisted.bin", offset: 0, bytes: [1])
    await expectError(.notFound, saying: "unlisted.bin", of: agent, .write(unknown))
    let tooLong = FileChunk(
      digest: first.digest,
      path: file.path,
      offset: 0,
      bytes: [UInt8](repeating: 0, count: Int(file.bytes) + 1)
    )
    await expectError(.invalid, of: agent, .write(tooLong))

    try await first.push(to: agent)
    let impostor = TestVersion(first.version, contents: ["other.bin": [1, 2, 3]])
    await expectError(.conflict, saying: "\(first.version)", of: agent, .stage(impostor.manifest))
    await expectError(.notFound, of: agent, .activate(first.version, digest: second.digest))
  }

  func protectsLastNode(_ agent: any NodeAgent) async throws {
    let order = DrainOrder(reason: "new fan", orderedBy: "ops")
    await expectError(.invalid, saying: "reason", of: agent, .drain(DrainOrder(reason: "", orderedBy: "ops")))
    await expectError(.refused, saying: "--force", of: agent, .drain(order))
    let untouched = try await take(1, from: agent, FrameRequest())
    #expect(untouched.first?.availability == .serving)
    var forced = order
    forced.isForced = true
    #expect(try await agent.execute(.drain(forced)) == .draining(handOffTo: []))
    let drained = try await drained(agent)
    #expect(drained.drain?.isForced == true)
    #expect(try await agent.execute(.undrain(orderedBy: "ops")) == .serving)
  }

  func drains(_ agent: any NodeAgent, to siblings: [NodeName]) async throws {
    let order = DrainOrder(reason: "p99 over SLO", orderedBy: "ops", deadline: .seconds(60))
    #expect(try await agent.execute(.drain(order)) == .draining(handOffTo: siblings))
    #expect(try await agent.execute(.drain(order)) == .draining(handOffTo: siblings), "drain may be repeated")
    let status = try #require(try await drained(agent).drain)
    #expect(status.reason == "p99 over SLO" && status.orderedBy == "ops" && !status.isForced)
    #expect(abs(status.deadline.timeIntervalSince(status.since) - 60) < 1)
    #expect(try await agent.execute(.undrain(orderedBy: "ops")) == .serving)
    #expect(try await agent.execute(.undrain(orderedBy: "ops")) == .serving, "undrain may be repeated")
    try await waitForFrame(agent, "serves again") { $0.availability == .serving && $0.drain == nil }
  }

  // MARK: Steps

  private func take(_ count: Int, from agent: any NodeAgent, _ request: FrameRequest) async throws -> [Frame] {
    let frames = try await within(.seconds(20), "\(count) frames of \(agent.name)") {
      var frames: [Frame] = []
      for try await frame in agent.frames(request) {
        frames.append(frame)
        if frames.count == count { break }
      }
      return frames
    }
    try #require(frames.count == count)
    return frames
  }

  @discardableResult
  private func waitForFrame(
    _ agent: any NodeAgent,
    _ what: String,
    until condition: @escaping @Sendable (Frame) -> Bool
  ) async throws -> Frame {
    let frame = try await within(.seconds(20), "\(agent.name) \(what)") { () -> Frame? in
      for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) where condition(frame) {
        return frame
      }
      return nil
    }
    return try #require(frame)
  }

  private func servesVersion(_ version: TestVersion, _ agent: any NodeAgent) async throws {
    let (name, number, digest) = (version.version.name, version.version.number, version.digest)
    try await waitForFrame(agent, "serves \(version.version)") { frame in
      frame.models.contains { $0.name == name && $0.version == number && $0.digest == digest }
    }
  }

  private func provisional(_ agent: any NodeAgent) async throws -> [ModelVersion] {
    try await agent.describe().repository.filter(\.isProvisional).map(\.version)
  }

  private func drained(_ agent: any NodeAgent) async throws -> Frame {
    try await waitForFrame(agent, "is drained") { $0.availability == .drained }
  }

  func staged(_ version: TestVersion, on agent: any NodeAgent) async throws -> [StagedFile] {
    guard case .staged(let files) = try await agent.execute(.stage(version.manifest)) else {
      Issue.record("stage answers with what is there")
      return []
    }
    return files
  }

  private func written(_ chunk: FileChunk, to agent: any NodeAgent) async throws -> UInt64 {
    guard case .written(let bytes) = try await agent.execute(.write(chunk)) else {
      Issue.record("write answers with how much is there")
      return 0
    }
    return bytes
  }

  func activated(_ version: TestVersion, on agent: any NodeAgent) async throws -> Activation {
    let outcome = try await agent.execute(.activate(version.version, digest: version.digest))
    guard case .activated(let activation) = outcome else {
      throw NotInTime(description: "activate answers with an activation, found \(outcome)")
    }
    return activation
  }
}
