internal import FleetCore

/// The step under way on each node. A new one begins when the one before has let go of the node.
struct NodeTasks {
  private var tasks: [NodeName: Task<Void, Never>] = [:]
  private var generations: [NodeName: Int] = [:]

  /// Names the step to come: what earlier ones say counts no more.
  mutating func next(_ node: NodeName) -> Int {
    generations[node, default: 0] += 1
    return generations[node, default: 0]
  }

  func isCurrent(_ node: NodeName, _ generation: Int) -> Bool { generations[node] == generation }

  mutating func start(_ node: NodeName, _ work: @escaping @Sendable () async -> Void) {
    let before = tasks[node]
    before?.cancel()
    tasks[node] = Task {
      await before?.value
      if !Task.isCancelled { await work() }
    }
  }

  mutating func stop(_ node: NodeName) {
    _ = next(node)
    tasks[node]?.cancel()
  }

  func cancelAll() {
    for task in tasks.values { task.cancel() }
  }
}

extension RolloutAction {
  var node: NodeName {
    switch self {
    case .look(let node), .transfer(let node), .activate(let node), .bake(let node), .confirm(let node),
      .rollBack(let node), .stop(let node):
      node
    }
  }
}
