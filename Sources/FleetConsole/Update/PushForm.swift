internal import FleetCore
internal import Terminal

/// Which version, where to, and by which rules.
struct PushForm: Equatable, Sendable {
  enum Field: CaseIterable { case model, target, strategy, cancel, push }

  struct Target: Equatable, Sendable {
    var title: String
    /// For the job's title. Of a fleet that a query has narrowed 'all' would say too much.
    var query: String
    var nodes: [NodeName]
  }

  var models: [LocalModel]
  var modelIndex: Int
  var targets: [Target]
  var targetIndex: Int
  /// Those of fleet.yaml; `default` is always among them, and comes first.
  var strategies: [RolloutStrategy]
  var strategyIndex = 0
  /// Nothing happens by accident: the dialog opens on Cancel.
  var focus = Field.cancel

  init(_ state: FleetState) {
    models = state.library.models
    let selected = state.selectedNodes
    modelIndex = Self.next(models, for: selected)
    var targets: [Target] = []
    if selected.count == 1, let node = selected.first {
      targets.append(Target(title: "node \(node.name)", query: "\(node.name)", nodes: [node.name]))
    }
    if let store = selected.first?.name.store {
      let names = state.nodes(of: store).map(\.name)
      targets.append(Target(title: "store \(store) (\(Words.nodes(names.count)))", query: store, nodes: names))
    }
    if !state.interface.filterText.isEmpty {
      let names = FleetRows.matching(state).map(\.name)
      targets.append(
        Target(
          title: "filter '\(state.interface.filterText)' (\(Words.nodes(names.count)))",
          query: state.interface.filterText,
          nodes: names
        )
      )
    }
    targets.append(
      Target(
        title: "the whole fleet (\(Words.nodes(state.nodes.count)))",
        query: Words.nodes(state.nodes.count),
        nodes: state.nodes.map(\.name)
      )
    )
    self.targets = targets
    targetIndex = 0
    let named = state.definition.strategies
    let standard = named.first { $0.name == RolloutStrategy.defaultName } ?? RolloutStrategy()
    strategies = [standard] + named.filter { $0.name != RolloutStrategy.defaultName }
  }

  /// The lowest version above what one of the nodes serves, which is what a push is for; else the highest of what they
  /// serve, else the last of all.
  private static func next(_ models: [LocalModel], for nodes: [NodeState]) -> Int {
    let served = nodes.flatMap { $0.metrics.models.map(\.version) }.sorted()
    let next = served.lazy.compactMap { version in
      models.firstIndex { $0.version.name == version.name && $0.version.number > version.number }
    }.first
    let highest = models.lastIndex { model in served.contains { $0.name == model.version.name } }
    return next ?? highest ?? max(0, models.count - 1)
  }

  var order: PushOrder? {
    guard models.indices.contains(modelIndex), targets.indices.contains(targetIndex),
      strategies.indices.contains(strategyIndex), !targets[targetIndex].nodes.isEmpty
    else { return nil }
    let target = targets[targetIndex]
    return PushOrder(
      model: models[modelIndex],
      nodes: target.nodes,
      strategy: strategies[strategyIndex],
      target: target.query
    )
  }

  mutating func handle(_ key: Key) -> FormAnswer {
    switch key {
    case .escape: return .cancelled
    case .tab, .down: focus = moved(focus, by: 1)
    case .backTab, .up: focus = moved(focus, by: -1)
    case .left, .right:
      let step = key == .left ? -1 : 1
      switch focus {
      case .model: modelIndex = (modelIndex + step + models.count) % max(1, models.count)
      case .target: targetIndex = (targetIndex + step + targets.count) % max(1, targets.count)
      case .strategy: strategyIndex = (strategyIndex + step + strategies.count) % max(1, strategies.count)
      case .cancel, .push: focus = focus == .cancel ? .push : .cancel
      }
    case .enter:
      switch focus {
      case .cancel: return .cancelled
      case .push: return order == nil ? .open : .confirmed
      case .model, .target, .strategy: focus = moved(focus, by: 1)
      }
    default: break
    }
    return .open
  }
}
