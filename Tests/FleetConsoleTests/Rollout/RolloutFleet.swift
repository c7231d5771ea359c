import FleetCore
import FleetTestSupport
import Foundation
import Synchronization

@testable import FleetConsole

/// How a version does on a simulated node.
struct Behaviour: Sendable {
  var microseconds: UInt64 = 8000
  /// More than a gate takes at the least: on a busy machine a window may hold one tick alone.
  var requestsPerTick: UInt64 = 60
  var errorsPerTick: UInt64 = 0
  var joulesPerRequest = 0.010
}

/// A simulated node with load, and a note of every command that it got. A hook may change what happens to it.
final class WatchedAgent: NodeAgent {
  let twin: SimulatedAgent
  let commands = Mutex<[Command]>([])
  /// So many times it does not answer when it is asked what it is.
  let misses = Mutex(0)
  /// From whom it fetched. It does so only when it may.
  let fetches = Mutex<[FetchOrder]>([])
  let canFetch: Bool
  private let hook = Mutex<(@Sendable (Command, WatchedAgent) async throws(CommandError) -> Void)?>(nil)
  var name: NodeName { twin.name }

  init(_ name: NodeName, behaviours: [Int: Behaviour], canFetch: Bool = false) {
    self.canFetch = canFetch
    twin = SimulatedAgent(name: name) { frame in
      frame.engine.runtime = "simulation"
      guard var model = frame.models.first, let behaviour = behaviours[model.version] else { return }
      model.requests += behaviour.requestsPerTick
      model.errors += behaviour.errorsPerTick
      let latency = LatencyHistogram([
        .init(microseconds: behaviour.microseconds, count: behaviour.requestsPerTick)
      ])
      model.latency = model.latency.merged(with: latency)
      frame.models = [model]
      let joules = frame.accelerators.first?.joules.value ?? 0
      let used = Double(behaviour.requestsPerTick) * behaviour.joulesPerRequest
      frame.accelerators = [AcceleratorReadings(kind: "npu", name: "SIM", joules: .measured(joules + used))]
    }
  }

  func onCommand(_ hook: @escaping @Sendable (Command, WatchedAgent) async throws(CommandError) -> Void) {
    self.hook.withLock { $0 = hook }
  }

  func describe() async throws(CommandError) -> NodeDescription {
    let isMissing = misses.withLock { misses in
      defer { misses = max(0, misses - 1) }
      return misses > 0
    }
    if isMissing { throw CommandError(.unreachable, "nobody listens") }
    return try await twin.describe()
  }
  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { twin.frames(request) }

  func execute(_ command: Command) async throws(CommandError) -> Outcome {
    commands.withLock { $0.append(command) }
    if let hook = hook.withLock({ $0 }) { try await hook(command, self) }
    return try await twin.execute(command)
  }

  var siblingAddress: String? { canFetch ? "\(name):9000" : nil }

  func fetch(_ order: FetchOrder, _ tell: @escaping @Sendable (UInt64) -> Void) async throws(CommandError) {
    fetches.withLock { $0.append(order) }
    for chunk in TestVersion.tiny(2).chunks() { _ = try await twin.execute(.write(chunk)) }
  }

  /// Whether anything was asked of it that could change it.
  var isTouched: Bool { commands.withLock { !$0.isEmpty } }

  func count(_ isMeant: (Command) -> Bool) -> Int { commands.withLock { $0.count(where: isMeant) } }

  func active() async -> Int? {
    await twin.setPaused(false)
    return try? await twin.describe().repository.first { $0.role == .active }?.version.number
  }
}

/// Stores of simulated nodes that serve version 1, and version 2 on disk.
struct RolloutFleet: Sendable {
  let agents: [WatchedAgent]
  let model: LocalModel
  private let folder: TemporaryFolder

  init(stores: Int, nodesPerStore: Int, new: Behaviour = Behaviour(), canFetch: Bool = false) async throws {
    folder = try TemporaryFolder()
    let version = TestVersion.tiny(2)
    for (path, bytes) in version.contents {
      let url = URL(fileURLWithPath: folder.path(path))
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }
    model = LocalModel(manifest: version.manifest, folder: folder.path)
    let old = TestVersion.tiny(1)
    var agents: [WatchedAgent] = []
    for store in 0..<stores {
      for node in 0..<nodesPerStore {
        let name = NodeName(store: "store-\(100 + store)", node: String("abcdefgh".dropFirst(node).prefix(1)))
        let agent = WatchedAgent(name, behaviours: [1: Behaviour(), 2: new], canFetch: canFetch)
        try await old.push(to: agent.twin)
        _ = try await agent.twin.execute(.activate(old.version, digest: old.digest))
        agents.append(agent)
      }
    }
    self.agents = agents
  }

  var directory: AgentDirectory { AgentDirectory(agents) }

  func plan(_ strategy: RolloutStrategy) -> RolloutPlan {
    RolloutPlan(
      id: "r1",
      version: model.version,
      digest: model.manifest.digest,
      nodes: agents.map(\.name),
      strategy: strategy,
      orderedBy: "kim"
    )
  }

  func job(
    _ strategy: RolloutStrategy,
    replaying past: [(event: RolloutEvent, seconds: Double)] = [],
    journal: MemoryJournal = MemoryJournal(),
    controls: AsyncStream<RolloutControl> = AsyncStream { $0.finish() },
    pace: TransferPace = TransferPace(),
    clock: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
  ) -> RolloutJob {
    RolloutJob(
      plan: plan(strategy),
      model: model,
      agents: directory,
      replaying: past,
      journal: journal,
      controls: controls,
      timing: .quick,
      pace: pace,
      clock: clock
    )
  }

  static func strategy(
    waves: String = "1,100%",
    gate: String,
    bake: Duration = .milliseconds(250),
    abort: String = "failed >= 1",
    undecided: Duration = .seconds(20),
    returning: Duration = .zero,
    storesAtOnce: Int = 8
  ) throws -> RolloutStrategy {
    RolloutStrategy(
      name: "test",
      waves: try Waves(parsing: waves),
      bake: bake,
      gate: try Gate(parsing: gate),
      abort: try AbortRule(parsing: abort),
      minimumSamples: 50,
      stepTimeout: .seconds(20),
      returnTimeout: returning,
      undecidedTimeout: undecided,
      storesAtOnce: storesAtOnce
    )
  }
}

extension RolloutTiming {
  /// For nodes in memory.
  static var quick: RolloutTiming {
    var timing = RolloutTiming()
    timing.answer = .seconds(10)
    timing.patience = .milliseconds(300)
    timing.firstAnswer = .seconds(3)
    timing.longestPause = 0.2
    timing.frames = .milliseconds(100)
    timing.silence = .seconds(2)
    timing.engineDown = .seconds(1)
    timing.settling = .milliseconds(20)
    timing.look = .milliseconds(50)
    timing.report = .milliseconds(20)
    return timing
  }
}

/// Keeps events in memory, and fails once it has as many as it may have: then its driver dies.
final class MemoryJournal: RolloutJournal {
  private let events = Mutex<[(event: RolloutEvent, seconds: Double)]>([])
  private let limit: Int

  init(limit: Int = .max) {
    self.limit = limit
  }

  var all: [(event: RolloutEvent, seconds: Double)] { events.withLock { $0 } }

  func append(_ event: RolloutEvent, at seconds: Double) async throws {
    let isFull = events.withLock { events in
      guard events.count < limit else { return true }
      events.append((event, seconds))
      return false
    }
    if isFull { throw CommandError(.failed, "no space left on the disk") }
  }
}
