import FleetCore

/// A rollout to drive by hand: stores `s00`, `s01`, ... of nodes `a`, `b`, ...
struct RolloutRig {
  static let version = ModelVersion(name: "tag-reader", number: 2)
  static let digest = ModelDigest(ofManifest: [2])
  static let old = NodeVersion(
    version: ModelVersion(name: "tag-reader", number: 1),
    digest: ModelDigest(ofManifest: [1])
  )

  var machine: RolloutMachine
  var now = 1000.0
  /// Everything given to the machine, as a journal would hold it.
  var journal: [(event: RolloutEvent, seconds: Double)] = []
  var actions: [RolloutAction] = []

  static func nodes(stores: Int, nodesPerStore: Int) -> [NodeName] {
    (0..<stores).flatMap { store in
      (0..<nodesPerStore).map { node in
        NodeName(store: store < 10 ? "s0\(store)" : "s\(store)", node: String("abcdefgh".dropFirst(node).prefix(1)))
      }
    }
  }

  static func plan(_ nodes: [NodeName], _ strategy: RolloutStrategy) -> RolloutPlan {
    RolloutPlan(id: "r1", version: version, digest: digest, nodes: nodes, strategy: strategy, orderedBy: "kim")
  }

  init(stores: Int = 4, nodesPerStore: Int = 2, _ strategy: RolloutStrategy = RolloutStrategy()) {
    machine = RolloutMachine(Self.plan(Self.nodes(stores: stores, nodesPerStore: nodesPerStore), strategy))
  }

  @discardableResult
  mutating func give(_ event: RolloutEvent, after seconds: Double = 1) -> [RolloutAction] {
    now += seconds
    journal.append((event, now))
    let new = machine.handle(event, at: now)
    actions += new
    return new
  }

  func name(_ text: String) -> NodeName { NodeName(text) ?? NodeName(store: "none", node: "none") }

  func phase(_ text: String) -> RolloutNode.Phase? { machine.node(name(text))?.phase }

  func reason(_ text: String) -> String { machine.node(name(text))?.reason ?? "" }

  /// All nodes answer that they serve the version before.
  mutating func attachAll(except absent: [String] = []) {
    give(.attached)
    for node in machine.plan.nodes {
      if absent.contains(node.description) {
        give(.unreachable(node, "no answer"))
      } else {
        give(.reachable(node, serving: Self.old))
      }
    }
  }

  mutating func tickToDeadline() {
    guard let deadline = machine.nextDeadline else { return }
    now = max(now, deadline)
    give(.tick, after: 0)
  }

  /// Does what the machine wants of one node until `phase`, everything going well.
  mutating func bring(_ text: String, to phase: RolloutNode.Phase) {
    let node = name(text)
    let steps: [RolloutEvent] = [
      .transferred(node, sentBytes: 10), .activated(node, before: Self.old.version),
      .judged(node, GateVerdict(findings: [])),
      .confirmed(node),
    ]
    for step in steps where machine.node(node)?.phase != phase { give(step) }
  }

  static func verdict(_ outcome: GateVerdict.Outcome) -> GateVerdict {
    GateVerdict(findings: [
      GateVerdict.Finding(condition: "p99 < 50ms", value: 0.1, limit: 0.05, outcome: outcome, why: "100ms")
    ])
  }
}
