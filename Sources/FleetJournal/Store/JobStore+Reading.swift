package import FleetCore
package import Foundation
internal import GRDB

extension JobStore {
  /// How long a recorded job may wait for its process to begin before it counts as interrupted.
  static let beginningPatience = 30.0

  private static let columns = """
    SELECT number, kind, title, fleet, fleet_file, created, ordered_by, model, state, reason, changed, progress, reported
    FROM job
    """

  /// The jobs of a fleet, the newest first.
  package func jobs(of fleet: JobFleet) throws(CommandError) -> [StoredJob] {
    try jobs(where: "fleet_file = ? AND fleet = ?", [fleet.file, fleet.name])
  }

  /// The jobs whose process is gone, of the fleet in `file` whatever its name is.
  package func interruptedJobs(ofFile file: String) throws(CommandError) -> [StoredJob] {
    let condition = "fleet_file = ? AND state IN ('queued', 'running', 'paused', 'interrupted')"
    return try jobs(where: condition, [JobFleet.absolute(file)]).filter { $0.state == .interrupted }
  }

  /// Throws `.notFound`.
  package func job(_ id: JobID) throws(CommandError) -> StoredJob {
    guard let job = try jobs(where: "number = ? AND kind = ?", [id.number, id.kind]).first else {
      throw CommandError(.notFound, "no job '\(id)'")
    }
    return job
  }

  /// The job that a person means by `push-0012` or just `12`. Throws `.notFound` with near names.
  package func job(named text: String, of fleet: JobFleet) throws(CommandError) -> StoredJob {
    let wanted = JobID(text)
    if let number = wanted?.number ?? JobID.number(text),
      let job = try jobs(where: "number = ?", [number]).first, wanted == nil || wanted == job.id
    {
      guard job.fleet == fleet else {
        throw CommandError(.notFound, "\(job.id) is a job of fleet '\(job.fleet.name)', see --fleet \(job.fleet.file)")
      }
      return job
    }
    let names = try jobs(of: fleet).map(\.id.description)
    let hint = NearName.hint(for: text, among: names)
    let rest = names.isEmpty ? "; it has none yet" : hint.isEmpty ? "; 'fleet jobs' lists them" : hint
    throw CommandError(.notFound, "fleet '\(fleet.name)' has no job '\(text)'\(rest)")
  }

  package func nodes(of id: JobID) throws(CommandError) -> [NodeName] {
    let names = try read { db in
      try String.fetchAll(db, sql: "SELECT node FROM job_node WHERE job = ? ORDER BY node", arguments: [id.number])
    }
    return try names.map { name throws(CommandError) in
      guard let node = NodeName(name) else { throw damaged("'\(name)' is not a node") }
      return node
    }
  }

  package func spec(of id: JobID) throws(CommandError) -> Data {
    let spec = try read { try Data.fetchOne($0, sql: "SELECT spec FROM job WHERE number = ?", arguments: [id.number]) }
    guard let spec else { throw CommandError(.notFound, "no job '\(id)'") }
    return spec
  }

  /// What it last told; nil before it told anything.
  package func report(of id: JobID) throws(CommandError) -> Data? {
    try read { try Data.fetchOne($0, sql: "SELECT report FROM job WHERE number = ?", arguments: [id.number]) }
  }

  /// In their order; those after `sequence` only.
  package func events(of id: JobID, after sequence: Int = 0) throws(CommandError) -> [JobEvent] {
    try read { db in
      let sql = "SELECT sequence, time, body FROM event WHERE job = ? AND sequence > ? ORDER BY sequence"
      return try Row.fetchAll(db, sql: sql, arguments: [id.number, sequence]).map { row in
        JobEvent(
          sequence: try row.decode(forColumn: "sequence"),
          time: Date(timeIntervalSince1970: try row.decode(forColumn: "time")),
          body: try row.decode(forColumn: "body")
        )
      }
    }
  }

  /// The process that drives the job; nil when none does.
  package func owner(of id: JobID) -> JobOwner? {
    isDriven(id) ? JobLock.owner(lockPath(id)) : nil
  }

  package func isDriven(_ id: JobID) -> Bool { JobLock.isHeld(lockPath(id)) }

  private func jobs(where condition: String, _ arguments: StatementArguments) throws(CommandError) -> [StoredJob] {
    let recorded = try read { db in
      try Row.fetchAll(db, sql: "\(Self.columns) WHERE \(condition) ORDER BY number DESC", arguments: arguments)
        .map(stored)
    }
    return try recorded.map { job throws(CommandError) in try seen(job) }
  }

  /// The job as it is: one that is recorded as being driven, while nobody drives it, is interrupted.
  private func seen(_ job: StoredJob) throws(CommandError) -> StoredJob {
    guard isAbandoned(job) else { return job }
    // It may have ended between our reading of its row and our look at its lock.
    let again = try read { db in
      try Row.fetchOne(db, sql: "\(Self.columns) WHERE number = ?", arguments: [job.id.number]).map(stored)
    }
    guard var again, isAbandoned(again) else { return again ?? job }
    again.reason = again.state == .queued ? "its process never began" : "its process ended without a word"
    again.state = .interrupted
    return again
  }

  private func isAbandoned(_ job: StoredJob) -> Bool {
    switch job.state {
    case .running, .paused: !isDriven(job.id)
    case .queued: now().timeIntervalSince(job.changed) > Self.beginningPatience && !isDriven(job.id)
    case .interrupted, .succeeded, .failed, .cancelled, .undone: false
    }
  }

  static func id(_ row: Row) throws -> JobID {
    JobID(kind: try row.decode(forColumn: "kind"), number: try row.decode(forColumn: "number"))
  }

  private func stored(_ row: Row) throws -> StoredJob {
    let id = try Self.id(row)
    guard JobID.isValidKind(id.kind) else { throw damaged("'\(id.kind)' is not a kind of job") }
    let stateName: String = try row.decode(forColumn: "state")
    guard let state = JobState(rawValue: stateName) else {
      throw damaged("\(id) is in a state '\(stateName)' that there is not")
    }
    return StoredJob(
      id: id,
      title: try row.decode(forColumn: "title"),
      fleet: JobFleet(name: try row.decode(forColumn: "fleet"), resolvedFile: try row.decode(forColumn: "fleet_file")),
      created: Date(timeIntervalSince1970: try row.decode(forColumn: "created")),
      orderedBy: try row.decode(forColumn: "ordered_by"),
      model: try row.decode(String?.self, forColumn: "model"),
      state: state,
      reason: try row.decode(forColumn: "reason"),
      changed: Date(timeIntervalSince1970: try row.decode(forColumn: "changed")),
      progress: try row.decode(forColumn: "progress"),
      reported: try row.decode(Double?.self, forColumn: "reported").map { Date(timeIntervalSince1970: $0) }
    )
  }
}
