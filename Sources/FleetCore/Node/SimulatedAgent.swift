import FoundationEssentials

/// The box's twin in memory: keeps a model repository, drains and serves as a real agent does, and sends frames that say
/// that they are simulated. Tests set what it measures and how it fails.
package actor SimulatedAgent: NodeAgent {
  package nonisolated let name: NodeName
  private var frame: Frame
  private var history: [Frame] = []
  private var staged: [ModelDigest: Upload] = [:]
  private var versions: [ModelVersion: ModelManifest] = [:]
  private var models: [String: ActiveModel] = [:]
  private var siblings: [NodeName]
  private var failures: [CommandError] = []
  private var changes: [NodeChange] = []
  private var goldenResults: [ModelVersion: GoldenResult] = [:]
  private var goldenProblems: [ModelVersion: CommandError] = [:]
  private var isPaused = false
  private let historyLimit: Int
  private let onTick: @Sendable (inout Frame) -> Void

  /// The bytes of a file are hashed as they come, not kept: a fleet of these in one process takes large versions too.
  private struct Upload {
    struct File {
      var count: UInt64 = 0
      var hash = SHA256Text.Hasher()
      /// Of a golden set alone.
      var bytes: [UInt8] = []
    }

    var manifest: ModelManifest
    var received: [String: File] = [:]
  }

  /// `onTick` may change each frame before it is sent, to give it load. `history` is how many frames are kept.
  package init(
    name: NodeName,
    siblings: [NodeName] = [],
    history: Int = 120,
    onTick: @escaping @Sendable (inout Frame) -> Void = { _ in }
  ) {
    self.name = name
    self.siblings = siblings
    historyLimit = history
    self.onTick = onTick
    frame = Frame(
      node: name,
      sequence: 0,
      agentStarted: Date(),
      time: Date(),
      isSimulated: true,
      engine: EngineStatus(state: .idle, pid: nil, runtime: "simulation", device: "SIM")
    )
  }

  package func describe() async throws(CommandError) -> NodeDescription {
    try checkReachable()
    var description = NodeDescription(
      name: name,
      agentVersion: "simulation",
      agentPID: 0,
      started: frame.agentStarted,
      operatingSystem: "simulation",
      architecture: "simulation",
      cores: 1,
      httpAddress: "127.0.0.1:0",
      siblings: siblings,
      repository: versions.sorted { $0.key < $1.key }.map { version, manifest in
        let model = models[version.name]
        let isActive = model?.active.version == version.number
        return RepositoryEntry(
          version: version,
          digest: manifest.digest,
          bytes: manifest.totalBytes,
          role: isActive ? .active : model?.previous?.version == version.number ? .previous : .stored,
          isProvisional: isActive && model?.active.isProvisional == true
        )
      },
      isSimulated: true
    )
    description.changes = changes
    return description
  }

  package nonisolated func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    AsyncThrowingStream(bufferingPolicy: .bufferingNewest(max(1, request.history))) { continuation in
      let task = Task {
        for frame in await self.recent(request) { continuation.yield(frame) }
        while !Task.isCancelled {
          if let frame = await self.tick() { continuation.yield(frame) }
          do { try await Task.sleep(for: request.interval) } catch { break }
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  package func execute(_ command: Command) async throws(CommandError) -> Outcome {
    try checkReachable()
    if !failures.isEmpty { throw failures.removeFirst() }
    let outcome = try carryOut(command)
    if let change = NodeChange(command, outcome, at: Date()) {
      changes = (changes + [change]).suffix(NodeChange.maximumCount)
    }
    return outcome
  }

  private func carryOut(_ command: Command) throws(CommandError) -> Outcome {
    switch command {
    case .stage(let manifest, _): return try stage(manifest)
    case .write(let chunk): return try write(chunk)
    case .activate(let version, let digest): return try activate(version, digest: digest)
    case .evaluate(let version, let digest):
      try checkActive(version, digest)
      if let problem = goldenProblems[version] { throw problem }
      guard let golden = goldenResults[version] else {
        throw CommandError(
          .notFound,
          "\(version) came without a golden set; there is nothing to measure its accuracy with"
        )
      }
      return .evaluated(golden)
    case .confirm(let version, let digest):
      try checkActive(version, digest)
      models[version.name]?.confirm()
      for index in frame.models.indices where frame.models[index].name == version.name {
        frame.models[index].isProvisional = false
      }
      return .confirmed
    case .rollback(let model): return try rollback(model)
    case .drain(let order): return try drain(order)
    case .undrain:
      frame.availability = .serving
      frame.drain = nil
      return .serving
    }
  }

  // MARK: What a test or a simulation sets

  /// A version that is on the box and in service from the start.
  package func install(_ manifest: ModelManifest) throws(CommandError) {
    versions[manifest.version] = manifest
    _ = try activate(manifest.version, digest: manifest.digest)
  }

  /// Changes what later frames say.
  package func update(_ change: @Sendable (inout Frame) -> Void) { change(&frame) }

  /// The next command fails with `error`; several wait in line.
  package func failNext(_ error: CommandError) { failures.append(error) }

  /// What `evaluate` answers for a version from now on.
  package func setGolden(_ result: GoldenResult?, for version: ModelVersion) {
    goldenResults[version] = result
    goldenProblems[version] = nil
  }

  /// A paused agent is as one stopped by SIGSTOP: its link stays, nothing comes.
  package func setPaused(_ paused: Bool) { isPaused = paused }

  // MARK: Its workings

  private func checkReachable() throws(CommandError) {
    if isPaused { throw CommandError(.timeout, "\(name) did not answer in time") }
  }

  private func recent(_ request: FrameRequest) -> [Frame] { request.past(of: history) }

  private func tick() -> Frame? {
    guard !isPaused else { return nil }
    frame.sequence += 1
    frame.time = Date()
    onTick(&frame)
    history.append(frame)
    if history.count > historyLimit { history.removeFirst() }
    if frame.availability == .draining, frame.models.allSatisfy({ $0.inFlight == 0 }) { frame.availability = .drained }
    return frame
  }

  private func stage(_ manifest: ModelManifest) throws(CommandError) -> Outcome {
    if let problem = manifest.problems.first { throw CommandError(.invalid, "manifest.json: \(problem)") }
    let digest = manifest.digest
    let isComplete = versions[manifest.version]?.digest == digest
    if let held = versions[manifest.version], held.digest != digest {
      throw CommandError(
        .conflict,
        "\(manifest.version) is on \(name) already, with other contents (\(held.digest.short)); give the new one another number"
      )
    }
    if !isComplete, staged[digest] == nil { staged[digest] = Upload(manifest: manifest) }
    let upload = staged[digest]
    return .staged(
      manifest.files.map { file in
        let received = isComplete ? file.bytes : upload?.received[file.path]?.count ?? 0
        return StagedFile(path: file.path, receivedBytes: received, totalBytes: file.bytes)
      }
    )
  }

  private func write(_ chunk: FileChunk) throws(CommandError) -> Outcome {
    guard var upload = staged[chunk.digest], let file = upload.manifest.files.first(where: { $0.path == chunk.path })
    else {
      throw CommandError(.notFound, "no upload of \(chunk.digest.short) with a file '\(chunk.path)' was announced")
    }
    var held = upload.received[chunk.path] ?? Upload.File()
    guard chunk.offset == held.count else {
      throw CommandError(.conflict, "'\(chunk.path)': expected offset \(held.count), found \(chunk.offset)")
    }
    guard chunk.bytes.count <= FileChunk.maximumBytes, held.count + UInt64(chunk.bytes.count) <= file.bytes else {
      throw CommandError(.invalid, "'\(chunk.path)': more bytes than the manifest's \(file.bytes)")
    }
    held.count += UInt64(chunk.bytes.count)
    held.hash.update(chunk.bytes)
    if chunk.path == GoldenResult.fileName { held.bytes += chunk.bytes }
    if held.count == file.bytes, held.hash.finish() != file.sha256 {
      upload.received[chunk.path] = nil
      staged[chunk.digest] = upload
      throw CommandError(.corrupt, "'\(chunk.path)': the bytes received do not match the manifest; they were discarded")
    }
    upload.received[chunk.path] = held
    let isComplete = upload.manifest.files.allSatisfy { (upload.received[$0.path]?.count ?? 0) == $0.bytes }
    staged[chunk.digest] = isComplete ? nil : upload
    if isComplete {
      versions[upload.manifest.version] = upload.manifest
      readGolden(upload)
    }
    return .written(receivedBytes: held.count)
  }

  private func activate(_ version: ModelVersion, digest: ModelDigest) throws(CommandError) -> Outcome {
    guard let manifest = versions[version], manifest.digest == digest else {
      throw CommandError(.notFound, "\(version) with digest \(digest.short) is not complete on \(name); push it first")
    }
    let fresh = ActiveModel(active: .init(version: version.number, digest: digest, isProvisional: true))
    var model = models[version.name] ?? fresh
    model.switchTo(version.number, digest: digest, at: nil)
    models[version.name] = model
    frame.engine.state = .serving
    frame.models = [
      ModelStatus(
        name: version.name,
        version: version.number,
        digest: digest,
        isProvisional: model.active.isProvisional
      )
    ]
    let previous = model.previous.map { ModelVersion(name: version.name, number: $0.version) }
    return .activated(Activation(active: version, digest: digest, previous: previous, loadMilliseconds: 1))
  }

  /// A twin answers a golden set right, unless a test says otherwise.
  private func readGolden(_ upload: Upload) {
    struct Labels: Decodable {
      let labels: [Int]
    }
    let version = upload.manifest.version
    guard let bytes = upload.received[GoldenResult.fileName]?.bytes, goldenResults[version] == nil else { return }
    do {
      let count = try JSONDecoder().decode(Labels.self, from: Data(bytes)).labels.count
      goldenResults[version] = GoldenResult(right: count, total: count)
    } catch {
      let problem = "\(version): \(GoldenResult.fileName): \(JSONText.describe(error))"
      goldenProblems[version] = CommandError(.unusable, problem)
    }
  }

  private func checkActive(_ version: ModelVersion, _ digest: ModelDigest) throws(CommandError) {
    guard models[version.name]?.active.isSame(version.number, digest) == true else {
      throw CommandError(.conflict, "\(version) (\(digest.short)) is not the active version of \(name)")
    }
  }

  private func rollback(_ model: String) throws(CommandError) -> Outcome {
    guard let previous = models[model]?.previous else {
      throw CommandError(.notFound, "\(name) holds no earlier version of '\(model)' to go back to")
    }
    return try activate(ModelVersion(name: model, number: previous.version), digest: previous.digest)
  }

  private func drain(_ order: DrainOrder) throws(CommandError) -> Outcome {
    guard !order.reason.isEmpty else { throw CommandError(.invalid, "a drain needs a reason") }
    guard !siblings.isEmpty || order.isForced else {
      throw CommandError(
        .refused,
        "\(name) is the last serving node of \(name.store); its requests would be refused. --force drains it all the same"
      )
    }
    guard frame.availability == .serving else { return .draining(handOffTo: siblings) }
    frame.availability = .draining
    frame.drain = DrainStatus(
      reason: order.reason,
      orderedBy: order.orderedBy,
      since: Date(),
      deadline: Date().addingTimeInterval(order.deadline.seconds),
      isForced: order.isForced
    )
    return .draining(handOffTo: siblings)
  }
}
