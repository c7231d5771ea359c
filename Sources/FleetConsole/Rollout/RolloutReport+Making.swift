package import FleetCore
internal import FoundationEssentials

extension RolloutReport {
  /// Of a rollout that nobody drives, say from its journal.
  package init(_ machine: RolloutMachine) {
    self.init(machine, board: [:])
  }

  init(_ machine: RolloutMachine, board: [NodeName: RolloutBoard.Entry], problem: String? = nil) {
    let plan = machine.plan
    let strategy = plan.strategy
    id = plan.id
    version = plan.version
    digest = plan.digest
    orderedBy = plan.orderedBy
    rules = Rules(
      strategy: strategy.name,
      waves: strategy.waves.description,
      bakeSeconds: strategy.bake.seconds,
      gate: strategy.gate.description,
      abort: strategy.abort.description,
      minimumSamples: strategy.minimumSamples
    )
    state = machine.state.word
    isEnded = machine.state.isTerminal
    reason = Self.reason(machine)
    self.problem = problem
    let rows = machine.nodes.map { Self.node($0, machine, board[$0.name]) }
    var next = 0
    waves = plan.waves.enumerated().map { index, stores in
      let stores = stores.map { store in
        let nodes = Array(rows[next..<next + store.nodes.count])
        next += nodes.count
        return Store(name: store.name, fraction: Self.mean(nodes.map(\.fraction)), nodes: nodes)
      }
      let isDone = machine.state.isTerminal || index < machine.wave
      let phase: Wave.Phase = isDone ? .done : index == machine.wave && machine.state != .ready ? .active : .waiting
      return Wave(number: index + 1, phase: phase, fraction: Self.mean(stores.map(\.fraction)), stores: stores)
    }
    counts = Dictionary(grouping: rows, by: \.phase.rawValue).mapValues(\.count)
    nodes = rows.count
    settled = rows.count { $0.phase.isSettled }
    fraction = Self.mean(rows.map(\.fraction))
    bytesSent = rows.reduce(0) { $0 + $1.bytesSent }
    bytesSaved = rows.reduce(0) { $0 + ($1.delivery?.savedBytes ?? 0) }
    etaSeconds = RolloutEstimate.seconds(machine)
    began = machine.nodes.compactMap(\.begun).min()
    updated = machine.clock
  }

  /// The whole's reason, and while it runs what holds it up.
  private static func reason(_ machine: RolloutMachine) -> String {
    if !machine.state.isTerminal, !machine.nodes.contains(where: { $0.phase.isBusy }),
      let opens = machine.nodes.compactMap(\.opens).min()
    {
      let stores = Set(machine.nodes.filter { $0.opens != nil }.map(\.store)).count
      let wait = "waits for the hours of \(Words.stores(stores)), until \(time(opens))"
      return machine.state.reason.isEmpty ? wait : "\(machine.state.reason); \(wait)"
    }
    let undecided = machine.nodes.filter { $0.phase == .undecided }
    guard !machine.state.isTerminal, let first = undecided.first else { return machine.state.reason }
    let others = undecided.count > 1 ? " (and \(undecided.count - 1) more)" : ""
    let pause = "waits for data: \(first.name): \(first.reason)\(others)"
    return machine.state.reason.isEmpty ? pause : "\(machine.state.reason); \(pause)"
  }

  private static func hours(_ node: RolloutNode) -> String { node.opens.map { ", until \(time($0))" } ?? "" }

  private static func time(_ seconds: Double) -> String { Date(timeIntervalSince1970: seconds).formatted(.iso8601) }

  private static func node(_ node: RolloutNode, _ machine: RolloutMachine, _ entry: RolloutBoard.Entry?) -> Node {
    let entry = node.phase.isBusy ? entry : nil
    // The two long parts of the way; the rest is over in seconds.
    let step = entry?.fraction ?? 0
    let fraction: Double =
      switch node.phase {
      case .waiting, .unreachable: machine.state.isTerminal ? 1 : 0
      case .transferring: 0.4 * step
      case .switching: 0.4
      case .baking: 0.5 + 0.4 * step
      case .undecided, .confirming: 0.9
      case .rollingBack: 0.9
      case .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: 1
      }
    return Node(
      node: node.name,
      phase: node.phase,
      text: node.phase == .undecided ? node.reason : entry?.text ?? node.reason + hours(node),
      opens: node.opens,
      fraction: fraction,
      bytesSent: node.sentBytes,
      delivery: node.delivery,
      isProvisional: node.isProvisional,
      code: node.failure?.code,
      previous: node.previous ?? node.baseline?.version,
      findings: (entry?.verdict ?? node.verdict)?.findings ?? []
    )
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 1 : values.reduce(0, +) / Double(values.count)
  }
}

/// How long a rollout will still take.
enum RolloutEstimate {
  /// From what a node took so far: stores of a wave side by side, nodes of a store one after the other, waves in line.
  static func seconds(_ machine: RolloutMachine) -> Double? {
    guard machine.state == .running else { return nil }
    let times = machine.nodes.compactMap { node in
      node.phase == .passed ? node.begun.flatMap { begun in node.settled.map { $0 - begun } } : nil
    }
    guard !times.isEmpty else { return nil }
    let perNode = times.reduce(0, +) / Double(times.count)
    var rounds = 0
    for wave in machine.plan.waves.indices {
      let open = machine.nodes.filter { $0.wave == wave && !$0.phase.isSettled }
      let perStore = Dictionary(grouping: open, by: \.store).values.map(\.count)
      let atOnce = machine.plan.strategy.storesAtOnce
      // Full stores first is not how they go, so the bound is of nodes in line, never below the longest store.
      let inLine = (perStore.reduce(0, +) + atOnce - 1) / atOnce
      rounds += max(inLine, perStore.max() ?? 0)
    }
    return Double(rounds) * perNode
  }
}
