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
    needsForce = DrainForecast(nodes, of: state).nodes.contains(where: \.needsForce)
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
  static func jobs(_ count: Int) -> String { count == 1 ? "1 job" : "\(count) jobs" }
  static func stores(_ count: Int) -> String { count == 1 ? "1 store" : "\(count) stores" }
}
