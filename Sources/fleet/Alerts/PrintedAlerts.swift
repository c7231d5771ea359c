import FleetConsole
import Foundation

/// A line on standard output for each thing that there is to tell.
struct PrintedAlerts: AlertSink {
  let isJSON: Bool
  /// Called when nobody reads any more.
  let onEnd: @Sendable () -> Void

  let name = "standard output"

  func tell(_ event: AlertMessage) async -> AlertOutbox.Outcome {
    print(isJSON ? event.json : "\(Date.now.formatted(.iso8601)) \(AlertTable.line(event.alert))")
    if fflush(nil) != 0 { onEnd() }
    return .delivered
  }
}
