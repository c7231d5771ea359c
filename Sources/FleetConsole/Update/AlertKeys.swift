internal import FleetCore

/// What keys do to alerts.
enum AlertKeys {
  /// The Alerts view.
  static func show(_ state: inout FleetState) -> [Effect] {
    state.interface.page = .alerts
    return state.alerts.read == nil && state.alerts.problem == nil ? [] : AlertNews.read(&state)
  }

  static func acknowledge(_ state: inout FleetState) -> [Effect] {
    guard let alert = state.chosenAlert else { return [] }
    state.alerts.asked.insert(alert.id)
    return [.acknowledgeAlert(alert.id)]
  }

  /// The page of the first of its nodes, if it is in this fleet.
  static func open(_ state: inout FleetState) {
    guard let name = state.chosenAlert?.nodes.first(where: { state.node($0) != nil }) else { return }
    state.interface.selection = .node(name)
    state.interface.page = .node(name)
    state.interface.pageScroll = 0
  }

  static func move(_ step: Int, _ state: inout FleetState) {
    let list = state.alerts.list
    guard !list.isEmpty else { return }
    let index = list.firstIndex { $0.id == state.interface.alertSelection }
    state.interface.alertSelection = list[min(max(index.map { $0 + step } ?? 0, 0), list.count - 1)].id
  }
}

/// Why something cannot be done with an alert now, in words for the user; nil when it can.
enum AlertAvailabilities {
  static func open(_ state: FleetState) -> String? {
    guard let alert = state.chosenAlert else { return "no alert is selected" }
    return alert.nodes.contains { state.node($0) != nil } ? nil : "none of its nodes is in view"
  }

  static func acknowledge(_ state: FleetState) -> String? {
    guard let alert = state.chosenAlert else { return "no alert is selected" }
    if !alert.isOpen { return "alert \(alert.id) is resolved already" }
    if let taken = alert.acknowledgement { return "\(taken.by) has alert \(alert.id) already" }
    return state.alerts.asked.contains(alert.id) ? "alert \(alert.id): it is being written down" : nil
  }
}

extension FleetState {
  /// The alert that is selected on their page.
  var chosenAlert: Alert? {
    interface.page == .alerts ? interface.alertSelection.flatMap(alerts.alert) : nil
  }
}
