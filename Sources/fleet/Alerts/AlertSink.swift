import FleetConsole

/// Somebody who is told of alerts.
protocol AlertSink: Sendable {
  /// For messages about it.
  var name: String { get }

  /// Tells it once; ends within a bound.
  func tell(_ event: AlertMessage) async -> AlertOutbox.Outcome
}

/// What is told of an alert.
struct AlertMessage: Sendable {
  var alert: Alert
  /// One line.
  var json: String

  init(_ alert: Alert, fleet: String, isSimulated: Bool) {
    self.alert = alert
    json = AlertDocument.event(alert, fleet: fleet, isSimulated: isSimulated)
  }

  /// The same for each time that the same thing is told.
  var key: String { "alert-\(alert.id)-\(alert.revision)" }
}
