package import FleetCore
package import FleetWire
import FoundationEssentials
package import Logging
import ServiceLifecycle

/// Holds the node's availability: takes orders, keeps them on disk, and has the engine hand requests to siblings that serve.
package actor DrainKeeper: Service {
  /// How often siblings are asked again while the node does not serve: one that died must get no more requests.
  static let recheckInterval: Duration = .seconds(1)

  private let node: NodeName
  private let siblings: Siblings
  /// Decides with the siblings whether this node may leave; nil where that goes by their readiness alone.
  private let budget: BudgetKeeper?
  private let file: StateFile<DrainState>
  private let clock: AgentClock
  let log: Logger
  private(set) var supervisor: EngineSupervisor?
  private var state = DrainState()
  private var seenReports: UInt64 = 0
  private var rates = TrafficRates()
  /// What siblings last said of themselves.
  private var seen: [SiblingState] = []
  /// To whom the engine hands requests now.
  private var handOffTo: [AgentConfiguration.Sibling] = []
  /// The drain has ended, and no engine has confirmed yet that it serves.
  private var owesServe = false
  private var isChanging = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package init(
    node: NodeName,
    siblings: Siblings,
    budget: BudgetKeeper? = nil,
    stateDirectory: String,
    clock: AgentClock,
    log: Logger,
    disk: Disk = Disk()
  ) throws {
    self.node = node
    self.siblings = siblings
    self.budget = budget
    file = try StateFile(path: "\(stateDirectory)/drain.json", disk: disk)
    self.clock = clock
    self.log = log
  }

  /// Takes up where the agent before left off. Once, before the engine starts.
  package func open(supervisor: EngineSupervisor) async {
    self.supervisor = supervisor
    do {
      if let saved = try await file.load() { state = saved }
    } catch {
      log.error("drain.json cannot be read, so this node serves: \(JSONText.describe(error))")
    }
    if state.availability != .serving {
      log.notice("still \(state.availability.rawValue): \(state.status?.reason ?? "")")
    }
    await budget?.open(isAway: state.availability != .serving, orderedBy: state.status?.orderedBy ?? "")
  }

  /// Whether no drain is under way, as far as the engine knows too.
  package var servesItself: Bool { state.availability == .serving && !owesServe }

  /// What every new engine is told first.
  package var standingOrders: [EngineCommand] {
    get async {
      guard state.availability != .serving else { return [] }
      if handOffTo.isEmpty {
        let serving = await askSiblings()
        // The drain may have ended meanwhile.
        guard state.availability != .serving else { return [] }
        handOffTo = serving
      }
      return [handOff]
    }
  }

  /// Starts to drain; the siblings that take over. A node that drains already takes the new order's words, deadline and force.
  /// `isAutomatic` is for a drain that no person ordered.
  package func drain(
    _ order: DrainOrder,
    isAutomatic: Bool = false
  ) async throws(CommandError) -> [NodeName] {
    guard order.reason.contains(where: { !$0.isWhitespace }) else {
      throw CommandError(.invalid, "a drain needs a reason, for the next person")
    }
    let serving = await askSiblings()
    await beginChange()
    defer { endChange() }
    let isNew = state.availability == .serving
    if isNew {
      try await askToLeave(
        Claim.Intent(orderedBy: order.orderedBy, isForced: order.isForced, isAutomatic: isAutomatic)
      )
    }
    do throws(CommandError) {
      guard !isNew || !serving.isEmpty || order.isForced else { throw lastServing }
      var next = state
      next.order(order, at: clock.moment)
      try await save(next)
      state = next
    } catch {
      if isNew { await budget?.comeBack() }
      throw error
    }
    handOffTo = serving
    do throws(CommandError) {
      try await supervisor?.call(handOff, within: EngineSupervisor.orderDeadline)
    } catch {
      // The order stands: the engine is told again every two seconds, and a new engine first of all.
      log.warning("the engine has not taken the hand-off yet: \(error)")
    }
    guard isNew, !order.isForced else { return serving.map(\.name) }
    // Two nodes that are drained at once each saw the other serve. By now neither says so, and the later of them sees that.
    handOffTo = await askSiblings()
    if handOffTo.isEmpty {
      try await serveAgain()
      throw lastServing
    }
    return handOffTo.map(\.name)
  }

  /// Has the drained node answer a share of its requests, from 0 to 1, to see how it does; siblings answer the others.
  package func takeOnTrial(share: Double) async {
    await beginChange()
    defer { endChange() }
    guard state.takeOnTrial(share: share, at: clock.moment) else { return }
    log.notice("on trial: answers \(Int((share * 100).rounded()))% of the requests")
    do throws(CommandError) {
      try await supervisor?.call(handOff, within: EngineSupervisor.orderDeadline)
    } catch {
      log.warning("the engine has not taken the trial yet: \(error)")
    }
  }

  package func undrain() async throws(CommandError) {
    await beginChange()
    defer { endChange() }
    try await serveAgain()
  }

  /// Has siblings answer in this node's place for a moment, without a drain: `standBack` ends it. Who does, in words; throws when nobody
  /// can. A node that does not serve has them do so already.
  func standAside() async throws(CommandError) -> String {
    let serving = await siblings.serving()
    await beginChange()
    defer { endChange() }
    guard state.availability == .serving else { return "it is \(state.availability.rawValue) already" }
    guard !serving.isEmpty else { throw CommandError(.refused, silentSiblings) }
    try await askToLeave(Claim.Intent(orderedBy: "a switch of versions"))
    // What an undrain owes is paid at the end of this.
    owesServe = false
    do throws(CommandError) {
      try await supervisor?.call(Self.aside(serving), within: EngineSupervisor.orderDeadline)
    } catch {
      owesServe = true
      await budget?.comeBack()
      throw error
    }
    // As with a drain: of two that stand aside at once, each saw the other serve.
    let still = await siblings.serving()
    guard !still.isEmpty else {
      owesServe = true
      await budget?.comeBack()
      await tellToServe()
      throw CommandError(.refused, silentSiblings)
    }
    return "\(Self.list(still.map(\.name))) answers in its place"
  }

  /// What no sibling takes is answered here for as long as there is anything to answer it.
  private static func aside(_ siblings: [AgentConfiguration.Sibling]) -> EngineCommand {
    .handOff(siblings: siblings.map(\.target), refusesWhenAlone: false)
  }

  /// Ends `standAside`: the engine treats its clients as the node's availability has it.
  func standBack() async {
    await beginChange()
    defer { endChange() }
    guard state.availability == .serving else { return }
    owesServe = true
    await budget?.comeBack()
    await tellToServe()
  }

  /// Asks the siblings' leave, where they can be asked. `comeBack` of the budget ends what they promise.
  private func askToLeave(_ intent: Claim.Intent) async throws(CommandError) {
    guard let budget, budget.decides else { return }
    let guardians = try await budget.leave(intent)
    log.notice("leaves service, by \(intent.orderedBy); for it stays \(Self.list(guardians))")
  }

  /// Takes what is known of the engine now; where the node stands.
  package func observe(_ engine: EngineSnapshot) async -> DrainState {
    // An order is being carried out: what the engine says is taken when that is done.
    guard !isChanging else { return state }
    let isNews = engine.reports != seenReports
    seenReports = engine.reports
    let load = DrainLoad(engine, isNews: isNews)
    guard isNews || engine.isAway || load.inFlight == nil else { return state }
    let moment = clock.moment
    let action = state.observe(load, at: moment)
    tell(engine, at: moment)
    guard action != .none else { return state }
    let observed = state
    await beginChange()
    defer { endChange() }
    try? await save(observed)
    switch action {
    case .none: break
    case .save: log.notice("\(observed.availability.rawValue): \(observed.status?.reason ?? "")")
    case .cut: Task { [weak self] in await self?.cut(ordered: observed.status?.since) }
    case .restart: await restart(engine)
    }
    return observed
  }

  /// What the frames say besides: what holds the drain up, who still sends, and who takes it.
  private func tell(_ engine: EngineSnapshot, at moment: AgentClock.Moment) {
    guard state.availability != .serving else { return }
    rates.add(engine.handOff, of: engine.status.pid, at: moment.seconds)
    state.tell(
      oldest: engine.isAway ? nil : engine.flights?.oldest,
      clients: rates.clients,
      targets: seen.map { sibling in
        HandOffTarget(
          name: sibling.sibling.name,
          isServing: sibling.isServing,
          inFlight: sibling.inFlight,
          perSecond: rates.perSecond(sibling.sibling.http.description)
        )
      }
    )
  }

  /// Those that serve now.
  private func askSiblings() async -> [AgentConfiguration.Sibling] {
    let answers = await siblings.ask()
    seen = answers
    return answers.filter(\.isServing).map(\.sibling)
  }

  /// Looks after the siblings for as long as requests are handed to them.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.recheckInterval)
        await self.recheck()
      }
    }
  }

  /// Has the engine follow the node: with siblings as they are now, or on its own again.
  func recheck() async {
    let serving = state.availability == .serving ? [] : await askSiblings()
    await beginChange()
    defer { endChange() }
    guard state.availability != .serving else { return await tellToServe() }
    if serving != handOffTo { log.notice("requests are handed to \(Self.list(serving.map(\.name)))") }
    handOffTo = serving
    _ = try? await supervisor?.call(handOff, within: EngineSupervisor.orderDeadline)
  }

  /// Only an operator who forced the drain has chosen that requests which no sibling takes are refused.
  private var handOff: EngineCommand {
    .handOff(
      siblings: handOffTo.map(\.target),
      refusesWhenAlone: state.status?.isForced ?? false,
      trialShare: state.trialShare
    )
  }

  private var silentSiblings: String {
    siblings.names.isEmpty ? "it has no sibling" : "\(Self.list(siblings.names)) does not serve"
  }

  private var lastServing: CommandError {
    CommandError(
      .refused,
      "\(node) is the last serving node of \(node.store) (\(silentSiblings)); its requests would be refused. "
        + "--force drains it all the same"
    )
  }

  // MARK: Changes, one after the other

  /// Changes of the state wait for the disk and the engine. One that overtook another could undo it.
  private func beginChange() async {
    while isChanging { await withCheckedContinuation { waiting.append($0) } }
    isChanging = true
  }

  private func endChange() {
    isChanging = false
    if !waiting.isEmpty { waiting.removeFirst().resume() }
  }

  /// Notes what a cut has lost, unless another drain has begun meanwhile.
  func note(lost count: UInt64, ordered: Date?) async {
    await beginChange()
    defer { endChange() }
    guard count > 0, state.status?.since == ordered else { return }
    state.lost(count)
    try? await save(state)
  }

  private func serveAgain() async throws(CommandError) {
    var next = state
    guard next.undrain() else { return }
    try await save(next)
    state = next
    handOffTo = []
    owesServe = true
    await budget?.comeBack()
    await tellToServe()
  }

  /// Until an engine has taken it. One that is still loading is told when it has something to serve, by the supervisor.
  private func tellToServe() async {
    guard owesServe, let supervisor, await supervisor.isBriefed else { return }
    do throws(CommandError) {
      try await supervisor.call(.serve, within: EngineSupervisor.warmDeadline)
      owesServe = false
    } catch {
      log.warning("the engine does not serve again yet: \(error)")
    }
  }

  /// On disk first: what was promised outlives the agent.
  private func save(_ next: DrainState) async throws(CommandError) {
    do {
      try await file.save(next)
    } catch {
      throw CommandError(.failed, "cannot keep the drain on disk: \(error)")
    }
  }

  private static func list(_ names: [NodeName]) -> String {
    names.isEmpty ? "nobody" : names.map(\.description).joined(separator: ", ")
  }
}

extension AgentConfiguration.Sibling {
  /// As an engine is told of it.
  fileprivate var target: String { "\(name)=\(http)" }
}
