package import FleetCore
package import FleetWire
import FoundationEssentials
package import Logging
import ServiceLifecycle

/// Holds the node's availability: takes orders, keeps them on disk, and has the engine hand requests to siblings that serve.
package actor DrainKeeper: Service {
  /// How often siblings are asked again while the node does not serve: one that died must get no more requests.
  static let recheckInterval: Duration = .seconds(2)

  private let node: NodeName
  private let siblings: Siblings
  private let file: StateFile<DrainState>
  private let clock: AgentClock
  private let log: Logger
  private var supervisor: EngineSupervisor?
  private var state = DrainState()
  private var seenReports: UInt64 = 0
  /// To whom the engine hands requests now.
  private var handOffTo: [AgentConfiguration.Sibling] = []

  package init(
    node: NodeName,
    siblings: Siblings,
    stateDirectory: String,
    clock: AgentClock,
    log: Logger
  ) {
    self.node = node
    self.siblings = siblings
    file = StateFile(path: "\(stateDirectory)/drain.json")
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
  }

  /// What every new engine is told first.
  package var standingOrders: [EngineCommand] {
    get async {
      guard state.availability != .serving else { return [] }
      if handOffTo.isEmpty { handOffTo = await siblings.serving() }
      return [handOff]
    }
  }

  /// Starts to drain; the siblings that take over.
  package func drain(_ order: DrainOrder) async throws(CommandError) -> [NodeName] {
    guard order.reason.contains(where: { !$0.isWhitespace }) else {
      throw CommandError(.invalid, "a drain needs a reason, for the next person")
    }
    let serving = await siblings.serving()
    guard state.availability == .serving else { return handOffTo.map(\.name) }
    guard !serving.isEmpty || order.isForced else {
      let silent = siblings.names.isEmpty ? "it has no sibling" : "\(Self.list(siblings.names)) does not serve"
      throw CommandError(
        .refused,
        "\(node) is the last serving node of \(node.store) (\(silent)); its requests would be refused. "
          + "--force drains it all the same"
      )
    }
    var next = state
    _ = next.order(order, at: clock.date())
    try await save(next)
    handOffTo = serving
    do throws(CommandError) {
      try await supervisor?.call(handOff, within: EngineSupervisor.orderDeadline)
    } catch {
      // The order stands: the engine is told again every two seconds, and a new engine first of all.
      log.warning("the engine has not taken the hand-off yet: \(error)")
    }
    return serving.map(\.name)
  }

  package func undrain() async throws(CommandError) {
    var next = state
    guard next.undrain() else { return }
    try await save(next)
    handOffTo = []
    do throws(CommandError) {
      try await supervisor?.call(.serve, within: EngineSupervisor.orderDeadline)
    } catch  where error.code == .unreachable {
      // The next engine serves from its start.
    }
  }

  /// Takes what is known of the engine now; where the node stands.
  package func observe(_ engine: EngineSnapshot) async -> DrainState {
    let isNews = engine.reports != seenReports
    seenReports = engine.reports
    // Without a new report the last one says nothing about now.
    let inFlight = isNews ? engine.inFlight : nil
    guard isNews || engine.inFlight == nil else { return state }
    switch state.observe(inFlight: inFlight, handedOff: engine.counters.handedOff, at: clock.date()) {
    case .none: break
    case .cut:
      log.warning("deadline of the drain: \(inFlight ?? 0) requests are cut off")
      try? await save(state)
      await supervisor?.restart(because: "the drain's deadline has passed")
    case .save:
      log.notice("drained: \(state.status?.reason ?? "")")
      try? await save(state)
    }
    return state
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

  private var handOff: EngineCommand { .handOff(siblings: handOffTo.map(\.http.description)) }

  private func recheck() async {
    guard state.availability != .serving else { return }
    let serving = await siblings.serving()
    guard state.availability != .serving else { return }
    if serving != handOffTo { log.notice("requests are handed to \(Self.list(serving.map(\.name)))") }
    handOffTo = serving
    try? await supervisor?.call(handOff, within: EngineSupervisor.orderDeadline)
  }

  /// On disk first: what was promised outlives the agent.
  private func save(_ next: DrainState) async throws(CommandError) {
    do {
      try await file.save(next)
    } catch {
      throw CommandError(.failed, "cannot keep the drain on disk: \(error)")
    }
    state = next
  }

  private static func list(_ names: [NodeName]) -> String {
    names.isEmpty ? "nobody" : names.map(\.description).joined(separator: ", ")
  }
}
