package import FleetCore
internal import Foundation
internal import GRDB

extension JobStore {
  /// Writes down what somebody wants of a job. Gives its number, by which `isAcknowledged` can be asked.
  @discardableResult
  package func request(
    _ kind: JobRequest.Kind,
    of id: JobID,
    by person: String,
    note: String = ""
  ) throws(CommandError) -> Int {
    let time = now().timeIntervalSince1970
    return try write { db in
      guard try Bool.fetchOne(db, sql: "SELECT 1 FROM job WHERE number = ?", arguments: [id.number]) == true else {
        throw CommandError(.notFound, "no job '\(id)'")
      }
      return try Self.insert(kind, of: id, by: person, note: note, at: time, db)
    }
  }

  /// Whether the job's process has read the request.
  package func isAcknowledged(_ number: Int) throws(CommandError) -> Bool {
    try read { db in
      try Double.fetchOne(db, sql: "SELECT acknowledged FROM request WHERE number = ?", arguments: [number]) != nil
    }
  }

  /// All that was ever asked of it, in order.
  package func requests(of id: JobID) throws(CommandError) -> [JobRequest] {
    try requests(of: id, where: "1")
  }

  /// What a process that goes on with the job will be told first.
  package func standingRequests(of id: JobID) throws(CommandError) -> [JobRequest] {
    JobRequest.standing(among: try requests(of: id, where: "NOT is_settled"))
  }

  /// Asks the processes of a fleet's jobs to end and leave their jobs interrupted. Gives the jobs that were asked.
  package func stopProcesses(of fleet: JobFleet, by person: String, note: String) throws(CommandError) -> [JobID] {
    let driven = try jobs(of: fleet).map(\.id).filter(isDriven)
    for id in driven { try request(.stop, of: id, by: person, note: note) }
    return driven
  }

  func requests(of id: JobID, where condition: String) throws(CommandError) -> [JobRequest] {
    try read { db in
      let sql = """
        SELECT number, kind, ordered_by, note, time, acknowledged FROM request
        WHERE job = ? AND \(condition) ORDER BY number
        """
      return try Row.fetchAll(db, sql: sql, arguments: [id.number]).map { row in
        let name: String = try row.decode(forColumn: "kind")
        guard let kind = JobRequest.Kind(rawValue: name) else { throw damaged("'\(name)' is not a request") }
        return JobRequest(
          number: try row.decode(forColumn: "number"),
          kind: kind,
          orderedBy: try row.decode(forColumn: "ordered_by"),
          note: try row.decode(forColumn: "note"),
          time: Date(timeIntervalSince1970: try row.decode(forColumn: "time")),
          acknowledged: try row.decode(Double?.self, forColumn: "acknowledged").map { Date(timeIntervalSince1970: $0) }
        )
      }
    }
  }

  @discardableResult
  static func insert(
    _ kind: JobRequest.Kind,
    of id: JobID,
    by person: String,
    note: String,
    at time: Double,
    _ db: Database
  ) throws -> Int {
    try db.execute(
      sql: "INSERT INTO request (job, kind, ordered_by, note, time) VALUES (?, ?, ?, ?, ?)",
      arguments: [id.number, kind.rawValue, person, note, time]
    )
    return Int(db.lastInsertedRowID)
  }
}
