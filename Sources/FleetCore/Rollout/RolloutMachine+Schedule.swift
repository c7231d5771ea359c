/// What is begun next, after every event.
extension RolloutMachine {
  mutating func proceed(_ actions: inout [RolloutAction]) {
    rollBackCondemned(&actions)
    switch state {
    case .running:
      advance()
      beginNodes(&actions)
      finishIfThrough()
    case .ending(let ending, let why):
      guard !nodes.contains(where: { $0.phase.isBusy || $0.isCondemned }) else { return }
      state = .ended(ending, why)
      clearDeadlines()
    case .ready, .paused, .succeeded, .incomplete, .ended: break
    }
  }

  /// One node of a store at a time, but all stores at once: what hurts is taken back first. A switch under way ends first.
  private mutating func rollBackCondemned(_ actions: inout [RolloutAction]) {
    for index in nodes.indices where nodes[index].isCondemned {
      let node = nodes[index]
      guard !node.phase.isSwitch, !members[node.store].contains(where: { nodes[$0].phase.isSwitch }) else { continue }
      enter(
        index,
        .rollingBack,
        node.failure.map { "rolling back: \($0.message)" } ?? "rolling back",
        within: stepSeconds
      )
      actions.append(.rollBack(node.name))
    }
  }

  private mutating func advance() {
    while wave < plan.waves.count, nodes.allSatisfy({ $0.wave > wave || $0.phase.isSettled && !$0.isCondemned }) {
      wave += 1
    }
  }

  /// Also nodes of earlier waves that have returned: they join the wave under way.
  private mutating func beginNodes(_ actions: inout [RolloutAction]) {
    let hasPassed = plan.strategy.gate.conditions.isEmpty || nodes.contains { $0.phase == .passed }
    let limit = hasPassed ? plan.strategy.storesAtOnce : 1
    var busy = members.count { range in range.contains { nodes[$0].phase.isBusy } }
    for range in members where busy < limit {
      guard let first = range.first, nodes[first].wave <= wave, !range.contains(where: { nodes[$0].phase.isBusy }),
        let index = range.first(where: {
          nodes[$0].phase == .waiting && nodes[$0].hasAnswered && nodes[$0].opens == nil
        })
      else { continue }
      busy += 1
      nodes[index].begunIn = min(wave, plan.waves.count - 1)
      nodes[index].begun = clock
      enter(index, .transferring, "sending", within: transferSeconds)
      actions.append(.transfer(nodes[index].name))
    }
  }

  private mutating func finishIfThrough() {
    guard wave == plan.waves.count, nodes.allSatisfy({ $0.phase.isSettled && !$0.isCondemned }) else { return }
    let missing = nodes.filter { $0.phase == .unreachable }
    if !missing.isEmpty {
      let deadline = returnDeadline ?? clock + plan.strategy.returnTimeout.seconds
      returnDeadline = deadline
      guard clock >= deadline else { return }
    }
    let troubled = nodes.filter { $0.phase == .unreachable || $0.failure != nil }
    if troubled.isEmpty {
      state = .succeeded
    } else {
      let failed = troubled.count - missing.count
      let counts = [(missing.count, "not reached"), (failed, "failed")].filter { $0.0 > 0 }
      let names = troubled.prefix(10).map(\.name.description) + (troubled.count > 10 ? ["..."] : [])
      let words = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      state = .incomplete("\(words) of \(nodes.count) nodes: \(names.joined(separator: ", "))")
    }
    clearDeadlines()
  }

  private mutating func clearDeadlines() {
    returnDeadline = nil
    for index in nodes.indices { nodes[index].deadline = nil }
  }
}
