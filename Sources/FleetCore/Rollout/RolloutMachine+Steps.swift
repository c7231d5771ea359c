/// What the news of one node makes of it.
extension RolloutMachine {
  mutating func enter(_ index: Int, _ phase: RolloutNode.Phase, _ reason: String, within seconds: Double? = nil) {
    nodes[index].phase = phase
    nodes[index].reason = reason
    nodes[index].deadline = seconds.map { clock + $0 }
    nodes[index].opens = nil
    nodes[index].settled = phase.isSettled ? clock : nil
  }

  mutating func answered(_ index: Int, _ serving: NodeVersion?) {
    let node = nodes[index]
    guard node.phase == .unreachable || node.phase == .waiting && !node.hasAnswered else { return }
    nodes[index].hasAnswered = true
    // When it is over for the rollout, it is over for those that return.
    if case .ending = state { return }
    if !node.isSwitched, serving?.digest == plan.digest {
      return enter(index, .skipped, "serves \(plan.version) already")
    }
    if let other = newer(than: node, serving) {
      nodes[index].isSwitched = false
      return enter(index, .superseded, Self.supersededWords(other))
    }
    if node.baseline == nil { nodes[index].baseline = serving }
    if serving?.digest != plan.digest { nodes[index].isSwitched = false }
    enter(index, .waiting, node.phase == .unreachable ? "is back; waits for its turn" : "waits for its turn")
  }

  /// What somebody else has brought there: another version than it first had. Of a node that was away from the start that is
  /// not known; there, a higher number counts as newer.
  private func newer(than node: RolloutNode, _ serving: NodeVersion?) -> ModelVersion? {
    guard let serving, serving.digest != plan.digest else { return nil }
    if let baseline = node.baseline { return serving == baseline ? nil : serving.version }
    return node.phase == .unreachable && serving.version > plan.version ? serving.version : nil
  }

  mutating func departed(_ index: Int, _ why: String, _ actions: inout [RolloutAction]) {
    let node = nodes[index]
    switch node.phase {
    case .waiting, .transferring, .switching, .baking, .undecided, .confirming: break
    // While it is rolled back it is tried again until its time is up.
    case .unreachable, .rollingBack, .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: return
    }
    nodes[index].departures += 1
    guard node.departures < Self.maximumDepartures else {
      let error = CommandError(.unreachable, "went away \(node.departures + 1) times: \(why)")
      nodes[index].failure = error
      enter(index, .failed, node.isSwitched ? mayServe(error.message) : error.message)
      nodes[index].isCondemned = node.isSwitched
      actions.append(.stop(node.name))
      return abortIfDue(&actions)
    }
    enter(index, .unreachable, node.isSwitched ? mayServe(why) : why)
    actions.append(.look(node.name))
    if node.isSwitched { abortIfDue(&actions) }
  }

  mutating func measured(_ index: Int, _ window: GateWindow) {
    guard nodes[index].phase == .transferring, !nodes[index].isSwitched || nodes[index].before == nil else { return }
    nodes[index].before = window
  }

  /// The line of a store is everybody's there: its other nodes need not ask.
  mutating func closed(_ index: Int, until opens: Double, _ sentBytes: UInt64, _ actions: inout [RolloutAction]) {
    guard nodes[index].phase == .transferring, opens.isFinite else { return }
    nodes[index].sentBytes &+= sentBytes
    nodes[index].closings += 1
    guard nodes[index].closings <= Self.maximumClosings else {
      let words = "its store's hours were over \(nodes[index].closings) times before it had everything"
      return failed(index, CommandError(.timeout, words), &actions)
    }
    enter(index, .waiting, "waits for its store's hours")
    for member in members[nodes[index].store] where nodes[member].phase == .waiting && nodes[member].hasAnswered {
      enter(member, .waiting, "waits for its store's hours")
      nodes[member].opens = opens
      nodes[member].deadline = opens
    }
  }

  mutating func transferred(
    _ index: Int,
    _ sentBytes: UInt64,
    _ delivery: Delivery?,
    _ actions: inout [RolloutAction]
  ) {
    guard nodes[index].phase == .transferring else { return }
    nodes[index].sentBytes &+= sentBytes
    // One that comes back has it already: how it came is told by the first.
    if let delivery, delivery.missingBytes > 0 || nodes[index].delivery == nil { nodes[index].delivery = delivery }
    nodes[index].isSwitched = true
    enter(index, .switching, "switching to \(plan.version)", within: stepSeconds)
    actions.append(.activate(nodes[index].name))
  }

  mutating func activated(_ index: Int, _ before: ModelVersion?, _ actions: inout [RolloutAction]) {
    guard nodes[index].phase == .switching else { return }
    nodes[index].wasActivated = true
    nodes[index].previous = before
    enter(index, .baking, "serves \(plan.version) on probation", within: plan.strategy.bake.seconds + stepSeconds)
    if !nodes[index].isCondemned { actions.append(.bake(nodes[index].name)) }
  }

  mutating func judged(_ index: Int, _ verdict: GateVerdict, _ actions: inout [RolloutAction]) {
    let phase = nodes[index].phase
    guard phase == .baking || phase == .undecided, !nodes[index].isCondemned else { return }
    nodes[index].verdict = verdict
    let name = nodes[index].name
    switch verdict.outcome {
    case .passed:
      enter(index, .confirming, "passed its gate; ending its probation", within: stepSeconds)
      actions.append(.confirm(name))
    case .undecided:
      if phase == .undecided {
        nodes[index].reason = verdict.reason
      } else {
        enter(index, .undecided, verdict.reason, within: plan.strategy.undecidedTimeout.seconds)
      }
    case .failed:
      nodes[index].failure = CommandError(.refused, "failed its gate: \(verdict.reason)")
      nodes[index].isCondemned = true
      let begunIn = nodes[index].begunIn
      end(.failed, "\(name) failed its gate: \(verdict.reason)", &actions) { $0.begunIn == begunIn }
    }
  }

  mutating func confirmed(_ index: Int) {
    guard nodes[index].phase == .confirming, !nodes[index].isCondemned else { return }
    enter(index, .passed, "serves \(plan.version)")
  }

  mutating func restored(_ index: Int, _ version: ModelVersion?, _ wasSwitched: Bool) {
    guard nodes[index].phase == .rollingBack else { return }
    nodes[index].isSwitched = false
    nodes[index].isCondemned = false
    let serves = version.map { "serves \($0)" } ?? "serves no version of \(plan.version.name)"
    switch (wasSwitched || nodes[index].wasActivated, nodes[index].failure) {
    case (true, let failure): enter(index, .rolledBack, "\(serves) again" + (failure.map { ": \($0.message)" } ?? ""))
    case (false, let failure?): enter(index, .failed, "\(failure.message); it \(serves)")
    case (false, nil): enter(index, .cancelled, "it \(serves)")
    }
  }

  mutating func failed(_ index: Int, _ error: CommandError, _ actions: inout [RolloutAction]) {
    let phase = nodes[index].phase
    switch phase {
    case .transferring:
      nodes[index].failure = error
      // A node that came back may have been switched before it went away.
      nodes[index].isCondemned = nodes[index].isSwitched
      enter(index, .failed, nodes[index].isSwitched ? mayServe(error.message) : error.message)
    case .switching, .baking, .undecided, .confirming:
      if nodes[index].failure == nil { nodes[index].failure = error }
      nodes[index].isCondemned = true
      enter(index, .failed, mayServe(error.message))
    case .rollingBack:
      let cause = nodes[index].failure
      if cause == nil { nodes[index].failure = error }
      nodes[index].isCondemned = false
      let words = "could not be rolled back: \(error.message)"
      enter(index, .failed, mayServe(cause.map { "\($0.message); \(words)" } ?? words))
    case .waiting, .unreachable, .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: return
    }
    abortIfDue(&actions)
  }

  mutating func superseded(_ index: Int, by version: ModelVersion, _ actions: inout [RolloutAction]) {
    let phase = nodes[index].phase
    guard phase.isBusy || phase == .waiting || phase == .unreachable else { return }
    nodes[index].isSwitched = false
    nodes[index].isCondemned = false
    enter(index, .superseded, Self.supersededWords(version))
    actions.append(.stop(nodes[index].name))
  }

  var stepSeconds: Double { plan.strategy.stepTimeout.seconds }

  func mayServe(_ why: String) -> String { "\(why); it may serve \(plan.version) on probation" }

  private static func supersededWords(_ version: ModelVersion) -> String {
    "somebody else made \(version) active there; the newer order wins"
  }
}
