import FleetConsole
import FleetCore
import FleetJournal
import Foundation

/// A fleet's book of alerts on the operator's disk. Calls block for as long as the disk takes.
struct AlertKeeper: Sendable {
  /// What a list shows at most of those that are over.
  static let listed = 300

  let store: JobStore
  let fleet: JobFleet
  var now: @Sendable () -> Date = { .now }

  /// Gives what is open, and the newest of the others.
  func read(limit: Int = Self.listed) throws(CommandError) -> AlertReading {
    let alerts = try store.alerts(of: fleet, limit: limit).map { stored throws(CommandError) in
      try decoded(stored)
    }
    return AlertReading(alerts: alerts, watcher: store.alertWatcher(of: fleet)?.description)
  }

  /// Writes down what was seen.
  func record(_ observation: AlertObservation) throws(CommandError) {
    try change { $0.observe(observation, at: now()) }
  }

  func forget(nodesOutside nodes: Set<NodeName>) throws(CommandError) {
    try change { $0.forget(nodesOutside: nodes, at: now()) }
  }

  /// Throws `.notFound` with a hint, and `.conflict` for one that is over.
  @discardableResult
  func acknowledge(_ id: Int, by person: String) throws(CommandError) -> Alert {
    let alert = try change(since: .distantPast) { book in
      try book.acknowledge(id, by: person, at: now())
      return book.alerts.first { $0.id == id }
    }
    guard let alert else { throw CommandError(.notFound, "no alert \(id)") }
    return alert
  }

  /// What the world has not been told yet, the oldest first.
  func untold(limit: Int) throws(CommandError) -> [Alert] {
    try store.untoldAlerts(of: fleet, limit: limit).map { stored throws(CommandError) in try decoded(stored) }
  }

  func told(_ alert: Alert) throws(CommandError) {
    try store.tellAlert(alert.id, revision: alert.revision, of: fleet)
  }

  @discardableResult
  private func change<Result>(
    since: Date? = nil,
    _ body: (inout AlertBook) throws -> Result
  ) throws(CommandError) -> Result {
    let since = since ?? now().addingTimeInterval(-AlertBook.returnSeconds)
    return try store.changeAlerts(of: fleet, changedSince: since) { stored in
      var book = AlertBook(alerts: try stored.alerts.map(decoded), next: stored.next)
      let result = try body(&book)
      stored.alerts = try book.alerts.map(encoded)
      stored.next = book.next
      return result
    }
  }

  private func decoded(_ stored: StoredAlert) throws(CommandError) -> Alert {
    do {
      return try JSONDecoder().decode(Alert.self, from: stored.body)
    } catch {
      throw CommandError(.corrupt, "alert \(stored.number) in '\(store.folder)': \(JSONText.describe(error))")
    }
  }

  private func encoded(_ alert: Alert) throws(CommandError) -> StoredAlert {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    do {
      return StoredAlert(
        number: alert.id,
        isOpen: alert.isOpen,
        changed: alert.changed,
        revision: alert.revision,
        body: try encoder.encode(alert)
      )
    } catch {
      throw CommandError(.failed, "alert \(alert.id) cannot be written: \(error)")
    }
  }
}
