internal import FleetCore
package import FoundationEssentials

/// Alerts as text, for `fleet alerts`.
package enum AlertTable {
  package static func render(_ alerts: [Alert], at now: Date) -> String {
    let rows = alerts.map { alert in
      [
        "\(alert.id)", alert.stateWord, alert.severity.rawValue, Format.age(now.timeIntervalSince(alert.raised)),
        alert.count == 1 ? "" : "\(alert.count)", alert.headline + end(alert, at: now),
      ]
    }
    let titles = ["ID", "STATE", "SEVERITY", "AGE", "TIMES", "WHAT"]
    return TextTable.lines(titles: titles, rightAligned: [0, 3, 4], rows: rows).joined(separator: "\n") + "\n"
  }

  /// One line of what is told of one.
  package static func line(_ alert: Alert) -> String {
    let event = alert.event == .raised ? alert.severity.rawValue : alert.event.rawValue
    let times = alert.event == .returned ? ", came \(alert.count) times" : ""
    let by = alert.event == .acknowledged ? alert.acknowledgement.map { " by \($0.by)" } ?? "" : ""
    return "alert \(alert.id) \(event)\(by)\(times): \(alert.headline)"
  }

  private static func end(_ alert: Alert, at now: Date) -> String {
    if let resolved = alert.resolved {
      return "; \(alert.resolution) \(Format.age(now.timeIntervalSince(resolved))) ago"
    }
    return alert.acknowledgement.map { "; \($0.by) has it" } ?? ""
  }
}
