internal import FleetCore
internal import FoundationEssentials

/// Frames into state, and what in them is worth telling into the log.
enum FleetNews {
  static func receive(_ frame: Frame, from name: NodeName, _ state: inout FleetState) {
    // Only these three of what was: a copy of the whole would be copied again when it changes.
    guard
      let (wasToldUnreachable, arrived, last) = state.node(name).map({ ($0.isToldUnreachable, $0.arrived, $0.last) })
    else { return }
    let now = state.now
    guard state.change(name, { $0.receive(frame, at: now) }) == true else { return }
    guard arrived != nil else {
      if wasToldUnreachable { state.tell(.good, name, "reachable") }
      if frame.health != .healthy { tellHealth(frame, name, &state) }
      return
    }
    if wasToldUnreachable, state.node(name)?.isReachable(at: now) ?? false {
      state.tell(.good, name, "reachable again")
    }
    guard let last else { return }
    compare(last, frame, name, &state)
  }

  /// Says once which nodes fell silent.
  static func age(_ state: inout FleetState) {
    let now = state.now
    for node in state.nodes where !node.isToldUnreachable && node.condition(at: now) == .unreachable {
      let silence = "no news for \(Int(NodeState.unreachableAfter)) s"
      let why =
        node.arrived == nil
        ? node.linkError ?? "no answer" : "\(silence); \(node.linkError ?? "the link is there, but nothing comes")"
      state.change(node.name) { $0.isToldUnreachable = true }
      state.tell(.critical, node.name, "unreachable: \(why)")
    }
  }

  /// Frames of a node's history are told at their own time, by the node's clock; news are told now.
  private static func date(of frame: Frame, _ state: FleetState) -> Date {
    state.now.date.timeIntervalSince(frame.time) > 3 ? frame.time : state.now.date
  }

  private static func compare(_ last: Frame, _ frame: Frame, _ name: NodeName, _ state: inout FleetState) {
    if last.agentStarted != frame.agentStarted {
      state.tell(.warning, name, "the agent was started anew", at: date(of: frame, state))
    }
    if last.injectedFault != frame.injectedFault, let fault = frame.injectedFault {
      state.tell(.warning, name, "a fault is injected: \(fault)", at: date(of: frame, state))
    }
    if last.health != frame.health { tellHealth(frame, name, &state) }
    if last.availability != frame.availability { tellAvailability(frame, name, &state) }
    if frame.engine.restarts > last.engine.restarts {
      let why = frame.engine.problem.map { ": \($0)" } ?? ""
      state.tell(
        .warning,
        name,
        "the engine ended (restart \(frame.engine.restarts))\(why)",
        at: date(of: frame, state)
      )
    } else if last.engine.state != frame.engine.state {
      let why = frame.engine.problem.map { ": \($0)" } ?? ""
      let isGood = frame.engine.state == .serving
      state.tell(
        isGood ? .good : .warning,
        name,
        "engine \(frame.engine.state.rawValue)\(isGood ? "" : why)",
        at: date(of: frame, state)
      )
    }
    for model in frame.models {
      guard let old = last.models.first(where: { $0.name == model.name }), old.version != model.version else {
        continue
      }
      state.tell(
        .good,
        name,
        "serves \(model.name)@\(model.version) (before: \(old.name)@\(old.version))",
        at: date(of: frame, state)
      )
    }
  }

  private static func tellHealth(_ frame: Frame, _ name: NodeName, _ state: inout FleetState) {
    let reasons = frame.reasons.isEmpty ? "" : ": " + frame.reasons.joined(separator: "; ")
    let weight: FleetEvent.Weight =
      switch frame.health {
      case .healthy: .good
      case .degraded: .warning
      case .faulty: .critical
      }
    state.tell(weight, name, frame.health.rawValue + reasons, at: date(of: frame, state))
  }

  private static func tellAvailability(_ frame: Frame, _ name: NodeName, _ state: inout FleetState) {
    let why = frame.drain.map { ": \($0.reason) (\($0.orderedBy))" } ?? ""
    switch frame.availability {
    case .serving: state.tell(.good, name, "serving again", at: date(of: frame, state))
    case .draining: state.tell(.neutral, name, "draining\(why)", at: date(of: frame, state))
    case .drained: state.tell(.neutral, name, "drained: nothing in flight, engine idle", at: date(of: frame, state))
    }
  }
}
