internal import FleetCore
internal import Terminal

/// What a dialog's answer is.
enum FormAnswer: Equatable {
  case open, cancelled, confirmed
}

/// Moves a focus through a dialog's fields in a ring.
func moved<Field: CaseIterable & Equatable>(_ field: Field, by step: Int, skipping: (Field) -> Bool = { _ in false })
  -> Field
{
  let all = Array(Field.allCases).filter { !skipping($0) || $0 == field }
  guard let index = all.firstIndex(of: field) else { return field }
  return all[(index + step + all.count) % all.count]
}

/// Which version, and where to.
struct PushForm: Equatable, Sendable {
  enum Field: CaseIterable { case model, target, cancel, push }

  struct Target: Equatable, Sendable {
    var title: String
    var nodes: [NodeName]
  }

  var models: [LocalModel]
  var modelIndex: Int
  var targets: [Target]
  var targetIndex: Int
  /// Nothing happens by accident: the dialog opens on Cancel.
  var focus = Field.cancel

  init(_ state: FleetState) {
    models = state.library.models
    let selected = state.selectedNodes
    modelIndex = Self.next(models, for: selected)
    var targets: [Target] = []
    if selected.count == 1, let node = selected.first {
      targets.append(Target(title: "node \(node.name)", nodes: [node.name]))
    }
    if let store = selected.first?.name.store {
      let names = state.nodes(of: store).map(\.name)
      targets.append(Target(title: "store \(store) (\(Words.nodes(names.count)))", nodes: names))
    }
    if !state.interface.filterText.isEmpty {
      let names = FleetRows.matching(state).map(\.name)
      targets.append(
        Target(title: "filter '\(state.interface.filterText)' (\(Words.nodes(names.count)))", nodes: names)
      )
    }
    targets.append(Target(title: "the whole fleet (\(Words.nodes(state.nodes.count)))", nodes: state.nodes.map(\.name)))
    self.targets = targets
    targetIndex = 0
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

  var plan: PushPlan? {
    guard models.indices.contains(modelIndex), targets.indices.contains(targetIndex),
      !targets[targetIndex].nodes.isEmpty
    else { return nil }
    return PushPlan(model: models[modelIndex], nodes: targets[targetIndex].nodes)
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
      case .cancel, .push: focus = focus == .cancel ? .push : .cancel
      }
    case .enter:
      switch focus {
      case .cancel: return .cancelled
      case .push: return plan == nil ? .open : .confirmed
      case .model, .target: focus = moved(focus, by: 1)
      }
    default: break
    }
    return .open
  }
}

/// Why, and how long it may take.
struct DrainForm: Equatable, Sendable {
  enum Field: CaseIterable { case reason, deadline, force, cancel, drain }

  static let deadlines: [Duration] = [.seconds(30), .seconds(60), DrainOrder.defaultDeadline, .seconds(1800)]
  var nodes: [NodeName]
  var reason: TextInput
  var deadlineIndex = 2
  var isForced = false
  /// Nobody in the store would serve any more.
  var needsForce: Bool
  var focus = Field.cancel

  init(_ state: FleetState) {
    let selected = state.selectedNodes.filter { $0.isReachable(at: state.now) && $0.last?.availability != .drained }
    nodes = selected.map(\.name)
    reason = TextInput(selected.compactMap { $0.last?.reasons.first }.first ?? "maintenance", limit: 120)
    let names = nodes
    needsForce = selected.contains { node in
      !state.siblings(of: node.name).contains { $0.isServing(at: state.now) && !names.contains($0.name) }
    }
  }

  var isReady: Bool { !reason.text.allSatisfy { $0 == " " } && (!needsForce || isForced) && !nodes.isEmpty }

  func plan(by operatorName: String) -> DrainPlan {
    DrainPlan(
      nodes: nodes,
      order: DrainOrder(
        reason: reason.text,
        orderedBy: operatorName,
        deadline: Self.deadlines[deadlineIndex],
        isForced: isForced
      )
    )
  }

  mutating func handle(_ key: Key) -> FormAnswer {
    let needsForce = needsForce
    func skips(_ field: Field) -> Bool { field == .force && !needsForce }
    switch key {
    case .escape: return .cancelled
    case .tab, .down: focus = moved(focus, by: 1, skipping: skips)
    case .backTab, .up: focus = moved(focus, by: -1, skipping: skips)
    case .enter:
      switch focus {
      case .cancel: return .cancelled
      case .drain: return isReady ? .confirmed : .open
      case .force: isForced.toggle()
      case .reason, .deadline: focus = moved(focus, by: 1, skipping: skips)
      }
    case _ where focus == .reason: _ = reason.handle(key)
    case .character(" ") where focus == .force: isForced.toggle()
    case .left, .right:
      let step = key == .left ? -1 : 1
      switch focus {
      case .deadline: deadlineIndex = (deadlineIndex + step + Self.deadlines.count) % Self.deadlines.count
      case .cancel, .drain: focus = focus == .cancel ? .drain : .cancel
      case .reason, .force: break
      }
    default: break
    }
    return .open
  }
}

/// Yes or no to what takes no further words: undrain and roll back.
struct ConfirmForm: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case undrain
    case rollback(model: String)
  }

  enum Field: CaseIterable { case cancel, confirm }

  var kind: Kind
  var nodes: [NodeName]
  var focus = Field.cancel

  mutating func handle(_ key: Key) -> FormAnswer {
    switch key {
    case .escape: return .cancelled
    case .tab, .down, .right, .backTab, .up, .left: focus = moved(focus, by: 1)
    case .enter: return focus == .cancel ? .cancelled : .confirmed
    default: break
    }
    return .open
  }
}

enum Words {
  static func nodes(_ count: Int) -> String { count == 1 ? "1 node" : "\(count) nodes" }
  static func stores(_ count: Int) -> String { count == 1 ? "1 store" : "\(count) stores" }
}
