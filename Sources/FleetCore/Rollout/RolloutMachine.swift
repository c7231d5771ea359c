/// Decides what a rollout does next. A value: it does nothing itself, has no clock, and is made again by giving it the same
/// events at the same times.
///
/// Waves count stores. Within a store one node after the other is worked on, and the stores of a wave side by side, as many as
/// the strategy allows, but only one until some node has passed. A wave is over when each of its nodes has come to an end
/// or cannot be reached. Every step has a deadline (`nextDeadline`), so that a rollout nobody paused always ends.
package struct RolloutMachine: Sendable, Equatable {
  /// A node that goes away more often than this has failed.
  package static let maximumDepartures = 8
  /// A node whose store closes on it more often than this has failed: so short hours bring nothing there.
  package static let maximumClosings = 30
  /// How long the first answer of a node may take.
  package static let answerTimeout = 30.0

  package let plan: RolloutPlan
  package internal(set) var state = RolloutState.ready
  /// In the plan's order.
  package internal(set) var nodes: [RolloutNode]
  /// Index of the wave under way; the number of waves when all are over.
  package internal(set) var wave = 0
  /// Until when a rollout that is through waits for nodes to return; nil before it is through.
  package internal(set) var returnDeadline: Double?
  /// The newest time that an event came at. A clock that was set back does not turn it back.
  package internal(set) var clock = 0.0
  let indexes: [NodeName: Int]
  /// The nodes of each of the plan's stores.
  let members: [Range<Int>]

  package init(_ plan: RolloutPlan) {
    self.plan = plan
    var nodes: [RolloutNode] = []
    var members: [Range<Int>] = []
    for (wave, stores) in plan.waves.enumerated() {
      for store in stores {
        let start = nodes.count
        nodes += store.nodes.map { RolloutNode(name: $0, store: members.count, wave: wave) }
        members.append(start..<nodes.count)
      }
    }
    self.nodes = nodes
    self.members = members
    indexes = Dictionary(nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What events made of a plan.
  package init(_ plan: RolloutPlan, replaying events: some Sequence<(event: RolloutEvent, seconds: Double)>) {
    self.init(plan)
    for (event, seconds) in events { _ = handle(event, at: seconds) }
  }

  package func node(_ name: NodeName) -> RolloutNode? { indexes[name].map { nodes[$0] } }

  /// When the next `tick` is due; nil when nothing is.
  package var nextDeadline: Double? {
    guard !state.isTerminal else { return nil }
    // Once that is past, the last node under way ends it.
    let isWaiting = !isPaused && returnDeadline.map { $0 > clock } ?? false
    return (nodes.compactMap(\.deadline) + (isWaiting ? [returnDeadline].compactMap { $0 } : [])).min()
  }

  /// Takes in what happened and says what to do about it, in that order. `seconds` is Unix time.
  package mutating func handle(_ event: RolloutEvent, at seconds: Double) -> [RolloutAction] {
    if seconds.isFinite { clock = max(clock, seconds) }
    var actions: [RolloutAction] = []
    if state.isTerminal {
      guard case .control(let control) = event, control.kind == .undo else { return [] }
    }
    switch event {
    case .attached: attach(&actions)
    case .tick: expire(&actions)
    case .control(let control): obey(control, &actions)
    case .reachable(let name, let serving): with(name) { $0.answered($1, serving) }
    case .unreachable(let name, let why): with(name) { $0.departed($1, why, &actions) }
    case .closed(let name, let opens, let bytes): with(name) { $0.closed($1, until: opens, bytes, &actions) }
    case .measured(let name, let window): with(name) { $0.measured($1, window) }
    case .transferred(let name, let bytes, let delivery):
      with(name) { $0.transferred($1, bytes, delivery, &actions) }
    case .activated(let name, let before): with(name) { $0.activated($1, before, &actions) }
    case .judged(let name, let verdict): with(name) { $0.judged($1, verdict, &actions) }
    case .confirmed(let name): with(name) { $0.confirmed($1) }
    case .restored(let name, let version, let wasSwitched): with(name) { $0.restored($1, version, wasSwitched) }
    case .failed(let name, let error): with(name) { $0.failed($1, error, &actions) }
    case .superseded(let name, let version): with(name) { $0.superseded($1, by: version, &actions) }
    }
    proceed(&actions)
    return actions
  }

  var isPaused: Bool {
    if case .paused = state { true } else { false }
  }

  /// A node that is not of this rollout is nobody's business here.
  private mutating func with(_ name: NodeName, _ body: (inout RolloutMachine, Int) -> Void) {
    guard let index = indexes[name] else { return }
    body(&self, index)
  }
}
