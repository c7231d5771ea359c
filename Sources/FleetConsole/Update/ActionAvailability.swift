internal import FleetCore

/// Why an action cannot be done now, in words for the user; nil when it can.
enum Availabilities {
  static func open(_ state: FleetState) -> String? {
    if state.interface.page != .fleet { return "the node is open already" }
    return state.selectedNodes.isEmpty ? "no node is selected" : nil
  }

  static func push(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if state.library.models.isEmpty {
      return state.library.problems.first ?? "no version to push; 'models' in fleet.yaml says where they lie"
    }
    return state.selectedNodes.isEmpty ? "no node is selected" : nil
  }

  static func drain(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let names = state.selectedNodes
    return names.allSatisfy { $0.last?.availability == .drained }
      ? "\(words(names)) drained already; u undrains" : nil
  }

  static func undrain(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let names = state.selectedNodes
    return names.allSatisfy { $0.last?.availability == .serving }
      ? "\(words(names)) not drained; d drains" : nil
  }

  static func rollback(_ state: FleetState) -> String? {
    if state.isJobRunning { return nil }
    if let problem = reachable(state) { return problem }
    let known = state.selectedNodes.compactMap(\.description)
    return known.contains { $0.repository.contains { $0.role == .previous } }
      ? nil : "\(words(state.selectedNodes)) without an earlier version to go back to"
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
  /// The node that is open or selected, or all nodes of the selected store.
  var selectedNodes: [NodeState] {
    if case .node(let name) = interface.page { return node(name).map { [$0] } ?? [] }
    switch interface.selection {
    case .node(let name): return node(name).map { [$0] } ?? []
    case .store(let store): return nodes(of: store)
    case nil: return []
    }
  }
}
