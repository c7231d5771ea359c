package import FleetCore
internal import Foundation
internal import GRDB

extension JobStore {
  /// Ended jobs are kept so long, and so many of them.
  static let keptSeconds = 90.0 * 86_400
  static let keptCount = 500

  /// Records a job; its process is started apart. Older jobs about the same model that have a node in common and have not ended are
  /// told that this one supersedes them; those that no process drives end at once.
  package func create(_ order: JobOrder) throws(CommandError) -> CreatedJob {
    guard JobID.isValidKind(order.kind) else {
      throw CommandError(.invalid, "'\(order.kind)' is not a kind of job: 1 to 16 letters from a to z")
    }
    let time = now().timeIntervalSince1970
    let (id, superseded, dropped) = try write { db in
      try db.execute(
        sql: """
          INSERT INTO job (kind, title, fleet, fleet_file, created, ordered_by, model, spec, state, changed)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)
          """,
        arguments: [
          order.kind, order.title, order.fleet.name, order.fleet.file, time, order.orderedBy, order.model, order.spec,
          time,
        ]
      )
      let id = JobID(kind: order.kind, number: Int(db.lastInsertedRowID))
      for node in Set(order.nodes) {
        try db.execute(sql: "INSERT INTO job_node (job, node) VALUES (?, ?)", arguments: [id.number, node.description])
      }
      let superseded = try Self.rivals(of: id, "older", db)
      for rival in superseded {
        try Self.insert(.supersede, of: rival, by: order.orderedBy, note: "superseded by \(id)", at: time, db)
      }
      return (id, superseded, try Self.dropOld(at: time, db))
    }
    for id in dropped {
      try? FileManager.default.removeItem(atPath: lockPath(id))
      try? FileManager.default.removeItem(atPath: logPath(id))
    }
    for rival in superseded {
      guard let driven = try take(rival), try !job(rival).state.isEnded else { continue }
      try driven.end(.cancelled("superseded by \(id)"))
    }
    return CreatedJob(job: try job(id), superseded: superseded)
  }

  /// Jobs about the same model that have a node in common with this one, were ordered after it and have not ended.
  package func newerRivals(of id: JobID) throws(CommandError) -> [JobID] {
    try read { try Self.rivals(of: id, "newer", $0) }
  }

  /// Older ones that a process still drives.
  func olderRivalsAtWork(of id: JobID) throws(CommandError) -> [JobID] {
    try read { try Self.rivals(of: id, "older", $0) }.filter(isDriven)
  }

  private static func rivals(of id: JobID, _ age: String, _ db: Database) throws -> [JobID] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT other.number, other.kind FROM job, job AS other
        WHERE job.number = ? AND other.number \(age == "older" ? "<" : ">") job.number
          AND other.model = job.model AND other.fleet = job.fleet AND other.fleet_file = job.fleet_file
          AND other.state IN ('queued', 'running', 'paused', 'interrupted')
          AND EXISTS (
            SELECT 1 FROM job_node AS a, job_node AS b WHERE a.job = job.number AND b.job = other.number AND a.node = b.node)
        ORDER BY other.number
        """,
      arguments: [id.number]
    )
    return try rows.map(Self.id)
  }

  /// Drops what ended long ago, and the oldest of too many, with all that belongs to them. Gives their names.
  private static func dropOld(at time: Double, _ db: Database) throws -> [JobID] {
    let ended = "state IN ('succeeded', 'failed', 'cancelled', 'undone')"
    let old = try Row.fetchAll(
      db,
      sql: """
        SELECT number, kind FROM job WHERE \(ended) AND (changed < ? OR number NOT IN (
          SELECT number FROM job WHERE \(ended) ORDER BY changed DESC, number DESC LIMIT ?))
        """,
      arguments: [time - keptSeconds, keptCount]
    )
    let ids = try old.map(Self.id)
    for id in ids { try db.execute(sql: "DELETE FROM job WHERE number = ?", arguments: [id.number]) }
    return ids
  }
}
