internal import FleetCore
internal import FoundationEssentials

extension Preflight {
  /// What the console can tell of a push without asking anybody: from what each node said last, at most
  /// `NodeState.unreachableAfter` ago. Its bytes are the most that it can take: what deltas and siblings save is seen when they are made.
  init(_ order: PushOrder, of state: FleetState) {
    let plan = RolloutPlan(
      id: "plan",
      version: order.model.version,
      digest: order.model.manifest.digest,
      nodes: order.nodes,
      strategy: order.strategy,
      orderedBy: state.operatorName
    )
    let facts = plan.waves.enumerated().flatMap { index, stores in
      stores.flatMap(\.nodes).map { name in
        PreflightFacts(
          node: name,
          wave: index + 1,
          answer: Self.answer(of: name, state),
          seconds: state.now.date.timeIntervalSince1970 - (state.node(name)?.age(at: state.now) ?? 0)
        )
      }
    }
    self.init(
      plan,
      model: order.model,
      facts: facts,
      deliveries: PreflightWays.whole(order.model, facts),
      hours: .always,
      versionProblems: VersionRules(model: order.model, gate: order.strategy.gate).manifestProblems
    )
  }

  private static func answer(of name: NodeName, _ state: FleetState) -> PreflightFacts.Answer {
    guard let node = state.node(name) else {
      return .unknown(CommandError(.notFound, "no node '\(name)' in this fleet"))
    }
    guard node.isReachable(at: state.now), let frame = node.last else {
      return .unreachable(CommandError(.unreachable, node.linkError ?? "no news of it"))
    }
    guard let description = node.description else {
      return .unreachable(CommandError(.unreachable, "it has not told yet what it holds"))
    }
    return .known(description, frame: .success(frame))
  }
}
