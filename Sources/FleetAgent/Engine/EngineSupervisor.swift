package import FleetCore
package import FleetWire
package import FoundationEssentials
package import Logging
import ServiceLifecycle

/// Keeps one engine running: starts it, gives it what to load, notices when it ends or hangs, and starts the next.
package actor EngineSupervisor: Service {
  package static let loadDeadline: Duration = .seconds(60)
  /// Longer than that an engine is waited for, which gives a late version up itself: what is told of as not in time is not served after all.
  static let loadGrace: Duration = .seconds(2)
  /// Frames must not wait for a silent engine.
  static let reportDeadline: Duration = .milliseconds(400)
  static let orderDeadline: Duration = .seconds(2)
  /// The same for an order to serve again: the models are run before.
  static let warmDeadline: Duration = .seconds(10)
  /// What an engine has for finishing when the agent ends.
  static let endDeadline: Duration = .seconds(5)

  private let spawner: any EngineSpawner
  private let briefing: @Sendable () async -> Briefing
  private let log: Logger
  private let crashes: CrashHandling
  private let now: @Sendable () -> Double
  private let date: @Sendable () -> Date
  private var state: SupervisorState
  private var counters = CumulativeCounters()
  private var engine: (any RunningEngine)?
  private var reports: UInt64 = 0
  private var isEnding = false
  private var isRestartPlanned = false
  private var lastCrash: EngineCrash?
  /// The newest note of a crash: slow disks must not hold up the next engine.
  private var noting: Task<Void, Never>?

  package init(
    spawner: any EngineSpawner,
    log: Logger,
    crashes: CrashHandling = CrashHandling(),
    lastCrash: EngineCrash? = nil,
    date: @escaping @Sendable () -> Date = { Date() },
    now: @escaping @Sendable () -> Double,
    briefing: @escaping @Sendable () async -> Briefing
  ) {
    self.spawner = spawner
    self.log = log
    self.crashes = crashes
    self.lastCrash = lastCrash
    self.date = date
    self.now = now
    self.briefing = briefing
    state = SupervisorState(at: now())
  }

  /// Runs engines one after another until the agent ends, then ends the last.
  package func run() async throws {
    await withGracefulShutdownHandler {
      await withTaskCancellationHandler {
        while !isEnding, !Task.isCancelled { await runOneEngine() }
      } onCancel: {
        Task { await self.end() }
      }
    } onGracefulShutdown: {
      Task { await self.end() }
    }
    await noting?.value
  }

  // MARK: What others ask

  /// What is known now; asks nobody.
  package var snapshot: EngineSnapshot {
    let report = state.report
    return EngineSnapshot(
      status: EngineStatus(
        state: state.state,
        pid: state.pid,
        restarts: state.restarts,
        runtime: report?.runtime,
        device: report?.device,
        problem: state.problem,
        lastCrash: lastCrash
      ),
      devices: report?.devices ?? [],
      models: counters.total(report?.models ?? []),
      counters: counters,
      flights: report?.flights,
      computing: report?.computing ?? [],
      handOff: report?.handOff,
      reports: reports
    )
  }

  /// Asks the engine for its report, and kills one that has been silent for too long.
  package func poll() async {
    guard let engine else { return }
    do throws(CommandError) {
      guard case .report(let report) = try await engine.link.call(.report, within: Self.reportDeadline) else { return }
      guard engine.pid == state.pid else { return }
      let isNew = counters.report(report.models, versions: report.versions)
      if isNew { reports += 1 }
      if state.answered(isNew ? report : state.report ?? report, at: now()) { log.info("engine \(engine.pid) answers") }
      if let words = state.condemnOverdue() {
        log.error("engine \(engine.pid): \(words)")
        engine.kill()
      }
    } catch {
      guard engine.pid == state.pid, state.didNotAnswer(at: now()) else { return }
      log.error("engine \(engine.pid) is silent: killed")
      engine.kill()
    }
  }

  /// Sends a command to the engine that runs now. Throws `.unreachable` when there is none.
  @discardableResult
  package func call(_ command: EngineCommand, within deadline: Duration) async throws(CommandError) -> EngineReply {
    guard let engine else {
      throw CommandError(.unreachable, "the engine is away\(state.problem.map { ": \($0)" } ?? "")")
    }
    return try await Self.call(command, of: engine, within: deadline)
  }

  /// Tells the engine what the repository holds now. One that is away is told when it is back.
  package func tellCatalog() async {
    // Also while it is briefed: what the briefing has read may be old already.
    guard case .answering = state.phase, let engine else { return }
    await tellCatalog(engine)
  }

  /// Looks once more after each time: another change may have been told of meanwhile, and overtaken by ours.
  private func tellCatalog(_ engine: any RunningEngine) async {
    var told: [CatalogEntry]?
    while !engine.link.isClosed {
      let catalog = await briefing().catalog
      guard catalog != told else { return }
      await order(.catalog(catalog), of: engine)
      told = catalog
    }
  }

  /// Has the engine serve a version; the milliseconds that loading took. Waits for an engine that is being restarted. With `freesFirst`
  /// the model's former version goes before the new one is loaded, and nothing answers for it meanwhile.
  package func activate(
    _ load: Load.Version,
    freesFirst: Bool = false,
    within deadline: Duration = loadDeadline
  ) async throws(CommandError) -> Double {
    let end = ContinuousClock.now + deadline
    while !isBriefed {
      guard ContinuousClock.now < end, !Task.isCancelled else {
        throw CommandError(.timeout, "the engine is not up\(state.problem.map { ": \($0)" } ?? "")")
      }
      try? await Task.sleep(for: .milliseconds(20))
    }
    guard let engine else { throw CommandError(.unreachable, "the engine is away") }
    do throws(CommandError) {
      let reply = try await Self.bring(load, into: engine, freesFirst: freesFirst, within: end - ContinuousClock.now)
      guard case .activated(let milliseconds) = reply else {
        throw CommandError(.failed, "the engine answered something else: \(reply)")
      }
      state.activated(load.version.name)
      await poll()
      return milliseconds
    } catch {
      guard error.code == .unreachable else { throw error }
      let end = await engine.ended()
      throw CommandError(.unusable, "the engine ended while it loaded \(load.version): \(end)")
    }
  }

  /// Ends the engine and starts the next; not counted as a restart. What it has in flight gets `grace` to end.
  package func restart(because reason: String, grace: Duration = .zero) {
    guard let engine else { return }
    log.notice("engine \(engine.pid) is restarted: \(reason)")
    isRestartPlanned = true
    guard grace > .zero else { return engine.kill() }
    engine.terminate()
    Task {
      try? await Task.sleep(for: grace)
      engine.kill()
    }
  }

  // MARK: One engine's life

  /// Whether the engine that runs has been told what to load and how to treat its clients.
  package var isBriefed: Bool {
    if case .answering = state.phase { !state.isLoading && engine != nil } else { false }
  }

  private func runOneEngine() async {
    if case .away(let spawnAt) = state.phase {
      // In slices, so that the end of the agent does not wait for a backoff.
      while now() < spawnAt, !isEnding, !Task.isCancelled {
        try? await Task.sleep(for: .seconds(min(spawnAt - now(), 0.1)))
      }
    }
    guard !isEnding, !Task.isCancelled else { return }
    do {
      let engine = try await spawner.spawn()
      self.engine = engine
      state.spawned(pid: engine.pid)
      log.info("engine \(engine.pid) started")
      if isEnding { engine.terminate() }
      async let briefed: Void = brief(engine)
      let end = await engine.ended()
      engine.link.close()
      await briefed
      await finish(end)
    } catch {
      log.error("no engine: it cannot be started: \(error)")
      state.ended(
        "it cannot be started: \(error)",
        isPlanned: isRestartPlanned || isEnding,
        at: now(),
        jitter: .random(in: 0...1)
      )
    }
  }

  private func finish(_ end: ProcessEnd) async {
    engine = nil
    counters.engineEnded()
    let isPlanned = isRestartPlanned || isEnding
    isRestartPlanned = false
    let versions = suspects(end.record)
    let repeated = state.ended(
      "\(end)",
      isPlanned: isPlanned,
      versions: versions,
      at: now(),
      jitter: .random(in: 0...1)
    )
    if isPlanned { return log.info("engine ended: \(end)") }
    let cause = state.lastEnd ?? "\(end)"
    log.error("engine ended: \(cause)\(versions.isEmpty ? "" : ", at \(Self.list(versions))")")
    let crash = EngineCrash(time: date(), cause: cause, versions: versions, lastWords: end.lastWords)
    lastCrash = crash
    let (before, note) = (noting, crashes.note)
    noting = Task {
      await before?.value
      await note(crash)
    }
    if !repeated.isEmpty { await retire(repeated, cause) }
  }

  /// What the engine was at when it ended: what it loaded, else what it computed, else all that it served.
  private func suspects(_ record: FlightRecord) -> [ModelVersion] {
    if let loading = record.loading { return [loading] }
    if !record.computing.isEmpty { return record.computing }
    return (state.report?.models ?? []).map { ModelVersion(name: $0.name, number: $0.version) }
  }

  private func retire(_ versions: [ModelVersion], _ cause: String) async {
    let reason = "ended the engine \(SupervisorState.crashLimit) times within a minute (\(cause))"
    do throws(CommandError) {
      let retirement = try await crashes.retire(versions, reason)
      let words = retirement.words(reason)
      state.retired(retirement.version, words)
      log.error("\(words)")
    } catch {
      log.error("\(Self.list(versions)) \(reason), but is still the active version: \(error)")
    }
  }

  private static func list(_ versions: [ModelVersion]) -> String {
    versions.map(\.description).joined(separator: ", ")
  }

  /// Waits for the first answer, then gives standing orders and what to load.
  private func brief(_ engine: any RunningEngine) async {
    while case .starting = state.phase, !engine.link.isClosed {
      await poll()
      guard case .starting = state.phase else { break }
      try? await Task.sleep(for: .milliseconds(20))
    }
    guard case .answering = state.phase else { return }
    state.beganLoading()
    let briefing = await briefing()
    for order in briefing.standingOrders { await self.order(order, of: engine) }
    var problems: [String: String] = [:]
    for load in briefing.models {
      let name = load.active.version.name
      state.loads(name)
      problems[name] = await self.load(load, into: engine)
    }
    // An engine that ended meanwhile was still loading, and is counted so.
    guard !engine.link.isClosed else { return }
    await openToClients(engine)
    await tellCatalog(engine)
    state.finishedLoading(problems: problems)
    for problem in problems.values.sorted() { log.error("\(problem)") }
    await poll()
  }

  /// Asks for the orders again, since a drain or its end may have come while versions were loading; and once more after each was told, since
  /// it may come even then.
  private func openToClients(_ engine: any RunningEngine) async {
    var told: [EngineCommand] = []
    while !engine.link.isClosed {
      let standing = await briefing().standingOrders
      let orders = standing.isEmpty ? [.serve] : standing
      guard orders != told else { return }
      for order in orders { await self.order(order, of: engine) }
      told = orders
    }
  }

  /// Insists: an engine that has not heard how to treat its clients lets none in.
  private func order(_ command: EngineCommand, of engine: any RunningEngine) async {
    while !engine.link.isClosed {
      do throws(CommandError) {
        _ = try await Self.call(command, of: engine, within: Self.orderDeadline)
        return
      } catch {
        log.error("engine \(engine.pid) did not take an order: \(error)")
        if error.code != .timeout { return }
      }
    }
  }

  /// What is wrong, in words; nil when the active version is served.
  private func load(_ load: Load, into engine: any RunningEngine) async -> String? {
    let name = load.active.version
    var problem = "\(name) cannot be loaded: it ended the engine \(state.endsWhileLoading(name.name)) times"
    if !state.shouldPassOverActive(of: name.name) || load.previous == nil {
      do throws(CommandError) {
        _ = try await Self.bring(load.active, into: engine)
        return nil
      } catch {
        if error.code == .unreachable { return nil }
        problem = "\(name) cannot be loaded: \(error.message)"
      }
    }
    guard let previous = load.previous else { return problem }
    do throws(CommandError) {
      _ = try await Self.bring(previous, into: engine)
      return "\(problem); serving \(previous.version) instead"
    } catch {
      return "\(problem); nor can \(previous.version): \(error.message)"
    }
  }

  private static func bring(
    _ load: Load.Version,
    into engine: any RunningEngine,
    freesFirst: Bool = false,
    within deadline: Duration = loadDeadline
  ) async throws(CommandError) -> EngineReply {
    try await call(load.command(within: deadline, freesFirst: freesFirst), of: engine, within: deadline + loadGrace)
  }

  private static func call(
    _ command: EngineCommand,
    of engine: any RunningEngine,
    within deadline: Duration
  ) async throws(CommandError) -> EngineReply {
    let reply = try await engine.link.call(command, within: deadline)
    switch reply {
    case .failed(let words): throw CommandError(.unusable, words)
    case .refused(let code, let words): throw CommandError(code, words)
    default: return reply
    }
  }

  private func end() async {
    guard !isEnding else { return }
    isEnding = true
    guard let engine else { return }
    engine.terminate()
    try? await Task.sleep(for: Self.endDeadline)
    engine.kill()
  }
}
