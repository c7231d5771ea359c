/// What begins, ends and runs out: the rollout as a whole.
extension RolloutMachine {
  /// A driver begins, or begins again: whatever was under way is done once more, which each step allows.
  mutating func attach(_ actions: inout [RolloutAction]) {
    if state == .ready { state = .running }
    for index in nodes.indices {
      let name = nodes[index].name
      switch nodes[index].phase {
      case .waiting:
        guard !nodes[index].hasAnswered else { continue }
        nodes[index].deadline = clock + Self.answerTimeout
        actions.append(.look(name))
      case .unreachable: actions.append(.look(name))
      case .transferring: rearm(index, transferSeconds, .transfer(name), &actions)
      case .switching: rearm(index, stepSeconds, .activate(name), &actions)
      case .baking: rearm(index, plan.strategy.bake.seconds + stepSeconds, .bake(name), &actions)
      case .undecided: rearm(index, plan.strategy.undecidedTimeout.seconds, .bake(name), &actions)
      case .confirming: rearm(index, stepSeconds, .confirm(name), &actions)
      case .rollingBack: rearm(index, stepSeconds, .rollBack(name), &actions)
      case .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: break
      }
    }
  }

  private mutating func rearm(
    _ index: Int,
    _ seconds: Double,
    _ action: RolloutAction,
    _ actions: inout [RolloutAction]
  ) {
    nodes[index].deadline = clock + seconds
    actions.append(action)
  }

  /// Ends every step that is overdue.
  mutating func expire(_ actions: inout [RolloutAction]) {
    for index in nodes.indices {
      guard let deadline = nodes[index].deadline, deadline <= clock else { continue }
      let node = nodes[index]
      let words: String
      switch node.phase {
      case .waiting where node.opens != nil:
        enter(index, .waiting, "waits for its turn")
        continue
      case .waiting:
        departed(index, "gave no answer within \(Quantity.text(.seconds(Self.answerTimeout)))", &actions)
        continue
      case .transferring: words = "the transfer took longer than \(Quantity.text(plan.strategy.stepTimeout))"
      case .switching: words = "switching took longer than \(Quantity.text(plan.strategy.stepTimeout))"
      case .baking: words = "nothing was heard of its gate in time"
      case .undecided:
        words = "its gate could not decide within \(Quantity.text(plan.strategy.undecidedTimeout)): \(node.reason)"
      case .confirming: words = "ending its probation took longer than \(Quantity.text(plan.strategy.stepTimeout))"
      case .rollingBack: words = "that took longer than \(Quantity.text(plan.strategy.stepTimeout))"
      case .unreachable, .passed, .rolledBack, .failed, .superseded, .skipped, .cancelled: continue
      }
      actions.append(.stop(node.name))
      failed(index, CommandError(.timeout, words), &actions)
    }
  }

  mutating func obey(_ control: RolloutControl, _ actions: inout [RolloutAction]) {
    switch (control.kind, state) {
    case (.pause, .running): state = .paused(by: control.by)
    case (.resume, .paused): state = .running
    case (.cancel, .ready), (.cancel, .running), (.cancel, .paused):
      end(.cancelled, "cancelled by \(control.by)", &actions) { _ in false }
    case (.undo, let state):
      if case .ending(.undone, _) = state { return }
      if case .ended(.undone, _) = state { return }
      end(.undone, "undone by \(control.by)", &actions) { _ in true }
    default: break
    }
  }

  func countFailed() -> Int { nodes.count(where: \.countsAsFailed) }

  mutating func abortIfDue(_ actions: inout [RolloutAction]) {
    switch state {
    case .running, .paused: break
    case .ready, .ending, .succeeded, .incomplete, .ended: return
    }
    let failed = countFailed()
    guard plan.strategy.abort.isMet(failed: failed, of: nodes.count) else { return }
    let culprits = nodes.filter(\.countsAsFailed).prefix(3).map { "\($0.name): \($0.reason)" }
    let words = "\(failed) of \(nodes.count) nodes failed (\(plan.strategy.abort)): \(culprits.joined(separator: "; "))"
    end(.failed, words, &actions) { _ in false }
  }

  /// Begins nothing more, and takes back what is on probation and, of what has passed, what `takesBack`.
  mutating func end(
    _ ending: RolloutState.Ending,
    _ why: String,
    _ actions: inout [RolloutAction],
    _ takesBack: (RolloutNode) -> Bool
  ) {
    state = .ending(ending, why)
    returnDeadline = nil
    for index in nodes.indices {
      let node = nodes[index]
      switch node.phase {
      case .waiting, .transferring:
        if node.phase == .transferring || !node.hasAnswered { actions.append(.stop(node.name)) }
        nodes[index].isCondemned = node.isSwitched
        enter(index, .cancelled, node.isSwitched ? mayServe("not finished") : "not begun; serves what it served")
      case .switching, .baking, .undecided, .confirming: nodes[index].isCondemned = true
      case .unreachable: nodes[index].isCondemned = node.isSwitched
      case .passed: if takesBack(node) { nodes[index].isCondemned = true }
      case .failed: if node.isSwitched, ending == .undone { nodes[index].isCondemned = true }
      case .rollingBack, .rolledBack, .superseded, .skipped, .cancelled: break
      }
    }
  }

  var transferSeconds: Double {
    stepSeconds + (plan.strategy.gate.comparesWithBefore ? plan.strategy.bake.seconds : 0)
  }
}
