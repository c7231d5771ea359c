package import FleetCore
package import Foundation
internal import GRDB

/// A fleet's alerts, in a table of their own beside its jobs.
extension JobStore {
  /// Resolved alerts are kept so long, and so many of them.
  static let keptAlertSeconds = 90.0 * 86_400
  static let keptAlertCount = 1000

  /// The newest first, `limit` at most; open ones are always among them.
  package func alerts(of fleet: JobFleet, limit: Int = keptAlertCount) throws(CommandError) -> [StoredAlert] {
    try read { db in
      let sql = """
        \(Self.alertColumns) AND (is_open OR number IN (
          SELECT number FROM alert WHERE fleet_file = ?1 AND fleet = ?2 ORDER BY number DESC LIMIT ?3))
        ORDER BY number DESC
        """
      return try Row.fetchAll(db, sql: sql, arguments: [fleet.file, fleet.name, limit]).map(Self.alert)
    }
  }

  /// Alerts that nobody outside has been told all of, the oldest first, `limit` at most.
  package func untoldAlerts(of fleet: JobFleet, limit: Int) throws(CommandError) -> [StoredAlert] {
    try read { db in
      let sql = "\(Self.alertColumns) AND told < revision ORDER BY changed, number LIMIT ?3"
      return try Row.fetchAll(db, sql: sql, arguments: [fleet.file, fleet.name, limit]).map(Self.alert)
    }
  }

  /// That much of it has been told, or given up.
  package func tellAlert(_ number: Int, revision: Int, of fleet: JobFleet) throws(CommandError) {
    try write { db in
      try db.execute(
        sql: "UPDATE alert SET told = max(told, ?3) WHERE fleet_file = ?1 AND fleet = ?2 AND number = ?4",
        arguments: [fleet.file, fleet.name, revision, number]
      )
    }
  }

  /// Gives `change` what is open and what has changed since then, and keeps what it makes of it, in one step: of several consoles that
  /// see the same trouble one raises the alert, and the others find it there.
  @discardableResult
  package func changeAlerts<Result>(
    of fleet: JobFleet,
    changedSince: Date,
    _ change: (inout StoredAlerts) throws -> Result
  ) throws(CommandError) -> Result {
    try write { db in
      let key: StatementArguments = [fleet.file, fleet.name]
      let rows = try Row.fetchAll(
        db,
        sql: "\(Self.alertColumns) AND (is_open OR changed >= ?3) ORDER BY number",
        arguments: [fleet.file, fleet.name, changedSince.timeIntervalSince1970]
      )
      let sql = "SELECT next FROM alert_number WHERE fleet_file = ? AND fleet = ?"
      let old = StoredAlerts(
        alerts: try rows.map(Self.alert),
        next: try Int.fetchOne(db, sql: sql, arguments: key) ?? 1
      )
      var new = old
      let result = try change(&new)
      let known = Dictionary(old.alerts.map { ($0.number, $0.body) }, uniquingKeysWith: { first, _ in first })
      let changed = new.alerts.filter { known[$0.number] != $0.body }
      guard !changed.isEmpty || new.next != old.next else { return result }
      for alert in changed { try Self.save(alert, of: fleet, db) }
      try db.execute(
        sql: "INSERT OR REPLACE INTO alert_number (fleet_file, fleet, next) VALUES (?, ?, ?)",
        arguments: [fleet.file, fleet.name, new.next]
      )
      try Self.dropOldAlerts(of: fleet, at: now().timeIntervalSince1970, db)
      return result
    }
  }

  /// The right to tell the world of a fleet's alerts; nil when another process has it.
  package func takeAlertWatch(of fleet: JobFleet) throws(CommandError) -> JobLock? {
    try JobLock.take(alertLockPath(fleet))
  }

  /// The process that tells the world of them; nil when none does.
  package func alertWatcher(of fleet: JobFleet) -> JobOwner? {
    let path = alertLockPath(fleet)
    return JobLock.isHeld(path) ? JobLock.owner(path) : nil
  }

  private func alertLockPath(_ fleet: JobFleet) -> String {
    // One file a fleet: names may be equal where files are not.
    let digest = SHA256Text.hash(Array("\(fleet.file)\n\(fleet.name)".utf8)).prefix(12)
    return "\(folder)/locks/alerts-\(digest).lock"
  }

  private static let alertColumns =
    "SELECT number, is_open, changed, revision, body FROM alert WHERE fleet_file = ?1 AND fleet = ?2"

  private static func alert(_ row: Row) throws -> StoredAlert {
    StoredAlert(
      number: try row.decode(forColumn: "number"),
      isOpen: try row.decode(forColumn: "is_open"),
      changed: Date(timeIntervalSince1970: try row.decode(forColumn: "changed")),
      revision: try row.decode(forColumn: "revision"),
      body: try row.decode(forColumn: "body")
    )
  }

  private static func save(_ alert: StoredAlert, of fleet: JobFleet, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO alert (fleet_file, fleet, number, is_open, changed, revision, body) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET is_open = excluded.is_open, changed = excluded.changed, revision = excluded.revision,
          body = excluded.body
        """,
      arguments: [
        fleet.file, fleet.name, alert.number, alert.isOpen, alert.changed.timeIntervalSince1970, alert.revision,
        alert.body,
      ]
    )
  }

  private static func dropOldAlerts(of fleet: JobFleet, at time: Double, _ db: Database) throws {
    let ended = "fleet_file = ?1 AND fleet = ?2 AND NOT is_open"
    try db.execute(
      sql: """
        DELETE FROM alert WHERE \(ended) AND (changed < ?3 OR number NOT IN (
          SELECT number FROM alert WHERE \(ended) ORDER BY changed DESC, number DESC LIMIT ?4))
        """,
      arguments: [fleet.file, fleet.name, time - keptAlertSeconds, keptAlertCount]
    )
  }
}
