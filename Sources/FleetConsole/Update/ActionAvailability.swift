internal import FleetCore

/// Why an action cannot be done now, in words for the user; nil when it can.
enum Availabilities {
  static func open(_ state: FleetState) -> String? {
    switch state.interface.page {
    case .fleet: break
    case .node: return "the node is open already"
    case .why: return nil
    case .jobs, .job: return JobAvailabilities.open(state)
    case .alerts: return AlertAvailabilities.open(state)
    }
    return state.selectedNodes.isEmpty ? "no node is selected" : nil
  }

  static func push(_ state: FleetState) -> String? {
    if state.jobs.isOrdering { return "a push is being recorded as a job" }
    if state.library.models.isEmpty {
      return state.library.problems.first ?? "no version to push; 'models' in fleet.yaml says where they lie"
    }
    return state.selectedNodes.isEmpty ? "no node is selected" : nil
  }

  static func drain(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let nodes = state.selectedNodes
    if nodes.contains(where: { $0.isReachable(at: state.now) && $0.last?.availability != .drained }) { return nil }
    return "\(words(nodes.filter { $0.isReachable(at: state.now) })) drained already; u undrains"
  }

  static func undrain(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let drained = state.selectedNodes.filter { $0.last.map { $0.availability != .serving } ?? false }
    guard let first = drained.first else { return "\(words(state.selectedNodes)) not drained; d drains" }
    return drained.contains { $0.isReachable(at: state.now) }
      ? nil : "\(first.name) is drained, but \(first.condition(at: state.now).rawValue): it hears no order"
  }

  static func rollback(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let nodes = state.selectedNodes.filter { $0.isReachable(at: state.now) }
    return nodes.compactMap(\.description).contains { $0.repository.contains { $0.role == .previous } }
      ? nil : "\(words(nodes)) without an earlier version to go back to"
  }

  static func why(_ state: FleetState) -> String? {
    if case .why = state.interface.page { return "this page says why" }
    return state.selectedNodes.count == 1 ? nil : "select one node"
  }

  static func theme(_ state: FleetState) -> String? {
    state.interface.themeNames.count > 1 ? nil : "there is one theme only: no colours, or no folder 'themes'"
  }

  static func back(_ state: FleetState) -> String? {
    state.interface.page == .fleet && state.interface.filterText.isEmpty ? "nothing to go back to; q quits" : nil
  }

  private static func reachable(_ state: FleetState) -> String? {
    let nodes = state.selectedNodes
    guard let first = nodes.first else { return "no node is selected" }
    if nodes.allSatisfy({ !$0.isReachable(at: state.now) }) {
      return
        "\(nodes.count == 1 ? first.name.description : first.name.store) is \(first.condition(at: state.now).rawValue)"
    }
    return nil
  }

  private static func words(_ nodes: [NodeState]) -> String {
    guard let first = nodes.first else { return "nothing is" }
    return nodes.count == 1 ? "\(first.name) is" : "all of \(first.name.store) are"
  }
}

extension FleetState {
  /// The node that is open or selected, or those of the selected store that the filter shows: nothing happens to a node
  /// that is out of sight.
  var selectedNodes: [NodeState] {
    switch interface.page {
    case .node(let name), .why(let name): return node(name).map { [$0] } ?? []
    case .fleet, .jobs, .job, .alerts: break
    }
    switch interface.selection {
    case .node(let name): return [node(name)].compactMap { $0 }.filter { FleetRows.matches($0, self) }
    case .store(let store): return nodes(of: store).filter { FleetRows.matches($0, self) }
    case nil: return []
    }
  }
}
