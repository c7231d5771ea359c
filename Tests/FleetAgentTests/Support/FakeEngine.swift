import FleetCore
import FleetWire
import FoundationEssentials
import Synchronization

@testable import FleetAgent

/// Engines that live in the test's process: each speaks the real framing over a real socket.
final class FakeEngines: EngineSpawner {
  struct Behaviour: Sendable {
    /// Versions that fail to load, with the runtime's words.
    var unloadable: [ModelVersion: String] = [:]
    /// Versions that take the engine down with them.
    var deadly: Set<ModelVersion> = []
    /// Versions that load only when the gate opens.
    var held: Set<ModelVersion> = []
    /// Versions whose loading waits for the engine's `release`.
    var delayed: Set<ModelVersion> = []
    /// What a golden set is answered with; all right when nil.
    var golden: EngineReply?
    /// Golden sets are answered only when the engine is released.
    var isGoldenDelayed = false
    var problem: String?
    var hasNoRuntime = false
    var isSilent = false
    var isUnstartable = false
    var inFlight: UInt64 = 0
    var computing: [EngineComputation] = []
    var oldest: FlightInfo?
    var handOff: EngineHandOff?
    /// Answers a cut; nil to hang on it.
    var onCut: @Sendable () -> EngineCut? = { EngineCut() }
    /// Called when an engine is told to hand off, before it confirms.
    var onHandOff: @Sendable () -> Void = {}
  }

  private struct State {
    var behaviour = Behaviour()
    var engines: [FakeEngine] = []
  }

  private let state = Mutex(State())

  func change(_ change: (inout Behaviour) -> Void) { state.withLock { change(&$0.behaviour) } }

  var behaviour: Behaviour { state.withLock { $0.behaviour } }
  var started: [FakeEngine] { state.withLock { $0.engines } }

  func spawn() async throws -> any RunningEngine {
    if behaviour.isUnstartable { throw CommandError(.failed, "no such program") }
    let (ours, theirs) = try Descriptor.socketPair()
    return try state.withLock { state in
      let engine = try FakeEngine(pid: Int32(1000 + state.engines.count), ours: ours, theirs: theirs) { [weak self] in
        self?.behaviour ?? Behaviour()
      }
      state.engines.append(engine)
      return engine
    }
  }
}

final class FakeEngine: RunningEngine {
  private struct State {
    var commands: [EngineCommand] = []
    var models: [String: ModelStatus] = [:]
    var catalog: [CatalogEntry] = []
    var delayed: [EngineRequest] = []
    var isReleased = false
    var end: ProcessEnd?
    var waiting: [CheckedContinuation<ProcessEnd, Never>] = []
  }

  let pid: Int32
  let link: EngineLink
  private let socket: Descriptor
  private let behaviour: @Sendable () -> FakeEngines.Behaviour
  private let state = Mutex(State())

  init(pid: Int32, ours: Descriptor, theirs: Descriptor, behaviour: @escaping @Sendable () -> FakeEngines.Behaviour)
    throws
  {
    self.pid = pid
    self.behaviour = behaviour
    link = try EngineLink(socket: ours)
    socket = theirs
    try OwnThread.start("fake-engine") { [self] in serve() }
  }

  /// What it knows of the repository.
  var catalog: [CatalogEntry] { state.withLock { $0.catalog } }

  /// What it was told, without the polls and the catalog.
  var commands: [EngineCommand] { state.withLock { $0.commands } }

  func count(_ model: String, requests: UInt64, microseconds: UInt64 = 1000, errors: UInt64 = 0) {
    state.withLock { state in
      state.models[model]?.requests += requests
      state.models[model]?.errors += errors
      let added = LatencyHistogram([LatencyHistogram.Bucket(microseconds: microseconds, count: requests)])
      if let latency = state.models[model]?.latency { state.models[model]?.latency = latency.merged(with: added) }
    }
  }

  /// Loads what was delayed.
  func release() {
    let delayed = state.withLock { state in
      state.isReleased = true
      defer { state.delayed = [] }
      return state.delayed
    }
    for request in delayed { answer(request, isNew: false) }
  }

  func terminate() { end(.exited(status: 0)) }

  func kill() { end(.killed(signal: 9)) }

  func end(_ cause: ProcessEnd.Cause, lastWords: String = "", record: FlightRecord = FlightRecord()) {
    let end = ProcessEnd(cause: cause, lastWords: lastWords, record: record)
    let waiting = state.withLock { state in
      if state.end == nil { state.end = end }
      defer { state.waiting = [] }
      return state.waiting
    }
    socket.shutDown()
    for continuation in waiting { continuation.resume(returning: end) }
  }

  func ended() async -> ProcessEnd {
    await withCheckedContinuation { continuation in
      let end = state.withLock { state in
        if state.end == nil { state.waiting.append(continuation) }
        return state.end
      }
      if let end { continuation.resume(returning: end) }
    }
  }

  private func serve() {
    var buffer: [UInt8] = []
    while let bytes = try? socket.read(upTo: 4096), !bytes.isEmpty {
      buffer += bytes
      while let request = try? EngineFraming.decode(EngineRequest.self, from: &buffer) {
        if !behaviour().isSilent { answer(request) }
      }
    }
    // As the real one: without its agent it ends.
    end(.exited(status: 0))
  }

  private func answer(_ request: EngineRequest, isNew: Bool = true) {
    // Without a reply it hangs on this command; polls are answered all the same.
    guard let reply = reply(to: request, isNew: isNew) else { return }
    if let bytes = try? EngineFraming.encode(EngineResponse(id: request.id, reply: reply)) { try? socket.send(bytes) }
  }

  private func reply(to request: EngineRequest, isNew: Bool) -> EngineReply? {
    let command = request.command
    let behaviour = behaviour()
    if case .catalog(let entries) = command {
      state.withLock { $0.catalog = entries }
    } else if command != .report, isNew {
      state.withLock { $0.commands.append(command) }
    }
    switch command {
    case .activate(let version, let digest, _, _, _, _):
      if behaviour.deadly.contains(version) {
        end(.killed(signal: 11), record: FlightRecord(loading: version))
        return nil
      }
      if behaviour.held.contains(version) { return nil }
      if behaviour.delayed.contains(version), !state.withLock({ $0.isReleased }) {
        state.withLock { $0.delayed.append(request) }
        return nil
      }
      if let words = behaviour.unloadable[version] { return .failed(words) }
      state.withLock { state in
        var status = state.models[version.name] ?? ModelStatus(name: version.name, version: 0, digest: digest)
        status.version = version.number
        status.digest = digest
        state.models[version.name] = status
      }
      return .activated(loadMilliseconds: 12)
    case .evaluate(_, _, let folder, _):
      if behaviour.isGoldenDelayed, !state.withLock({ $0.isReleased }) {
        state.withLock { $0.delayed.append(request) }
        return nil
      }
      return behaviour.golden ?? Self.allRight(folder)
    case .handOff:
      behaviour.onHandOff()
      return .done
    case .cut: return behaviour.onCut().map { .cut($0) }
    case .serve, .catalog: return .done
    case .report:
      let models = state.withLock { $0.models.values.sorted { $0.name < $1.name } }
      var report = EngineReport(
        runtime: behaviour.hasNoRuntime ? nil : "FakeVINO 1",
        problem: behaviour.problem,
        device: "CPU",
        devices: [EngineDevice(id: "CPU", name: "Test CPU")],
        models: models.map { model in
          var model = model
          model.inFlight = behaviour.inFlight
          return model
        }
      )
      report.computing = behaviour.computing
      report.flights = EngineFlights(count: behaviour.oldest == nil ? 0 : 1, oldest: behaviour.oldest)
      report.handOff = behaviour.handOff
      return .report(report)
    }
  }

  private static func allRight(_ folder: String) -> EngineReply {
    struct Golden: Decodable {
      let labels: [Int]
    }
    let data = FileManager.default.contents(atPath: "\(folder)/\(GoldenResult.fileName)") ?? Data()
    guard let golden = try? JSONDecoder().decode(Golden.self, from: data) else { return .failed("no golden set") }
    return .evaluated(GoldenResult(right: golden.labels.count, total: golden.labels.count))
  }
}
