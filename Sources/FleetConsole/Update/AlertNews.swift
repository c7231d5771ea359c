internal import FleetCore

/// What is seen of nodes into alerts, and what was read of alerts into state and log.
enum AlertNews {
  /// Looks once a second; has written down what is new, and reads again when it is time.
  static func tick(_ state: inout FleetState) -> [Effect] {
    guard state.alerts.read != nil || state.alerts.problem != nil else { return [] }
    let now = state.now.uptime
    guard now >= state.alerts.nextLook else { return [] }
    state.alerts.nextLook = now + 0.95
    if state.alerts.read != nil { state.alerts.signals.update(AlertSurvey(state), at: now) }
    let observation = state.alertObservation
    let isNews = observation.map { seen in state.alerts.recorded.map { !seen.isSame(as: $0) } ?? true } ?? false
    guard isNews || now >= state.alerts.nextRead else { return [] }
    return read(&state, recording: isNews ? observation : nil)
  }

  /// A reading now.
  static func read(_ state: inout FleetState, recording observation: AlertObservation? = nil) -> [Effect] {
    let isLookedAt = state.interface.page == .alerts
    let interval = isLookedAt ? AlertsState.readInterval : AlertsState.idleInterval
    state.alerts.nextRead = state.now.uptime + interval - 0.05
    return [.readAlerts(recording: observation)]
  }

  static func receive(_ reading: AlertReading, recorded: AlertObservation?, _ state: inout FleetState) {
    let isFirst = state.alerts.read == nil
    let before = Dictionary(state.alerts.list.map { ($0.id, $0.revision) }, uniquingKeysWith: { first, _ in first })
    state.alerts.list = reading.alerts.filter(\.isOpen) + reading.alerts.filter { !$0.isOpen }
    state.alerts.watcher = reading.watcher
    state.alerts.read = state.now
    state.alerts.problem = nil
    if let recorded { state.alerts.recorded = recorded }
    state.alerts.asked = state.alerts.asked.filter { id in
      state.alerts.alert(id).map { $0.isOpen && $0.acknowledgement == nil } ?? false
    }
    if state.interface.alertSelection.flatMap(state.alerts.alert) == nil {
      state.interface.alertSelection = state.alerts.list.first?.id
    }
    // Others raise alerts too: what they see holds until we have seen for long enough that it does not.
    state.alerts.signals.adopt(state.alerts.list, at: state.now.uptime)
    if !isFirst {
      for alert in reading.alerts.reversed() where before[alert.id] != alert.revision { tell(alert, &state) }
    }
  }

  static func unread(_ error: CommandError, _ state: inout FleetState) {
    if state.alerts.problem != error.message {
      state.tell(.warning, nil, "the alerts cannot be read or written: \(error.message)")
    }
    state.alerts.problem = error.message
  }

  static func acknowledged(_ id: Int, _ result: Result<AlertReading, CommandError>, _ state: inout FleetState) {
    state.alerts.asked.remove(id)
    switch result {
    case .success(let reading):
      receive(reading, recorded: nil, &state)
      state.interface.notice = "alert \(id): you have it"
    case .failure(let error): state.interface.notice = error.message
    }
  }

  private static func tell(_ alert: Alert, _ state: inout FleetState) {
    let weight: FleetEvent.Weight =
      switch alert.event {
      case .raised, .worsened, .returned: alert.severity == .critical ? .critical : .warning
      case .acknowledged: .neutral
      case .resolved: .good
      }
    let text =
      switch alert.event {
      case .raised, .worsened: alert.headline
      case .returned: "\(alert.headline); came \(alert.count) times"
      case .acknowledged: "\(alert.acknowledgement?.by ?? "somebody") has it"
      case .resolved: "\(alert.place): \(alert.resolution)"
      }
    state.tell(weight, nil, "alert \(alert.id) \(alert.event.rawValue): \(text)")
  }
}
