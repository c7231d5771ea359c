package import FleetCore
package import Foundation
internal import GRDB

/// A job in the hands of the one process that drives it: whoever has this holds its lock. What changes a job is here and nowhere
/// else, so nobody changes it without the lock. Letting go of it frees the lock.
package final class DrivenJob: Sendable {
  package let id: JobID
  private let store: JobStore
  private let lock: JobLock

  init(id: JobID, store: JobStore, lock: JobLock) {
    self.id = id
    self.store = store
    self.lock = lock
  }

  /// Somebody else may drive it from here on; nothing more may be asked of this value.
  package func release() { lock.release() }

  /// False when the folder with the job was cleared away: nobody would ever read what we write.
  package var isInPlace: Bool { lock.isInPlace }

  /// The job is running from here on. Gives what was asked of it and still holds.
  ///
  /// Throws `.conflict` when it has ended and nobody wants it undone, or when a newer job is at work on its nodes.
  package func begin() throws(CommandError) -> [JobRequest] {
    let job = try store.job(id)
    let requests = try store.requests(of: id, where: "NOT is_settled")
    let wanted = JobRequest.standing(among: requests)
    if job.state.isEnded {
      guard job.state != .undone, wanted.first?.kind == .undo else {
        throw CommandError(.conflict, "\(id) has ended: \(job.state.rawValue)")
      }
      if let newer = try store.newerRivals(of: id).first {
        throw CommandError(.conflict, "\(newer) is newer and at work on nodes of \(id); cancel it first")
      }
    }
    try store.write { db in
      // What comes from here on is read by `unread`.
      let last = requests.last?.number ?? 0
      try acknowledge(upTo: last, db)
      try db.execute(
        sql: "UPDATE request SET is_settled = 1 WHERE job = ? AND kind = 'stop' AND number <= ?",
        arguments: [id.number, last]
      )
      try set(.running, "", db)
    }
    return wanted
  }

  /// On the disk when it returns. Gives the event's number.
  @discardableResult
  package func append(_ body: Data) throws(CommandError) -> Int {
    let time = store.now().timeIntervalSince1970
    return try store.write { db in
      let sequence = try Int.fetchOne(
        db,
        sql: """
          INSERT INTO event (job, sequence, time, body)
          VALUES (?1, (SELECT coalesce(max(sequence), 0) + 1 FROM event WHERE job = ?1), ?2, ?3) RETURNING sequence
          """,
        arguments: [id.number, time, body]
      )
      guard let sequence else { throw store.damaged("an event of \(id) has no number") }
      return sequence
    }
  }

  /// Keeps the last report, and whether the job is paused and why.
  package func tell(_ report: JobProgress) throws(CommandError) {
    let time = store.now().timeIntervalSince1970
    try store.write { db in
      try db.execute(
        sql: "UPDATE job SET report = ?, reported = ?, progress = ? WHERE number = ?",
        arguments: [report.report, time, report.progress, id.number]
      )
      try set(report.pause == nil ? .running : .paused, report.pause ?? "", db)
    }
  }

  /// The job is in this state from here on. When it has ended, what was asked of it is settled; a wish to undo it that came too
  /// late to be read stays.
  package func end(_ end: JobEnd) throws(CommandError) {
    try store.write { db in
      try set(end.state, end.reason, db)
      guard end.state.isEnded else { return }
      let rest = end.state == .undone ? "" : " AND (acknowledged IS NOT NULL OR kind != 'undo')"
      try db.execute(sql: "UPDATE request SET is_settled = 1 WHERE job = ?\(rest)", arguments: [id.number])
    }
  }

  /// Says that the job waits for others before it begins.
  func wait(_ reason: String) throws(CommandError) {
    try store.write { db in try set(.queued, reason, db) }
  }

  /// The others have ended.
  func resume() throws(CommandError) {
    try store.write { db in try set(.running, "", db) }
  }

  /// What was asked since the last call, in order. The asking process is told that it was read.
  func unread() throws(CommandError) -> [JobRequest] {
    let requests = try store.requests(of: id, where: "acknowledged IS NULL AND NOT is_settled")
    guard let last = requests.last else { return [] }
    try store.write { db in try acknowledge(upTo: last.number, db) }
    return requests
  }

  private func acknowledge(upTo number: Int, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE request SET acknowledged = ? WHERE job = ? AND acknowledged IS NULL AND number <= ?",
      arguments: [store.now().timeIntervalSince1970, id.number, number]
    )
  }

  /// `changed` moves only when there is a change.
  private func set(_ state: JobState, _ reason: String, _ db: Database) throws {
    try db.execute(
      sql: """
        UPDATE job SET changed = CASE WHEN state = ?1 THEN changed ELSE ?3 END, state = ?1, reason = ?2 WHERE number = ?4
        """,
      arguments: [state.rawValue, reason, store.now().timeIntervalSince1970, id.number]
    )
  }
}

extension JobStore {
  /// The job to drive; nil when another process drives it. Throws `.notFound`.
  package func take(_ id: JobID) throws(CommandError) -> DrivenJob? {
    _ = try job(id)
    return try JobLock.take(lockPath(id)).map { DrivenJob(id: id, store: self, lock: $0) }
  }
}

/// How far a job is.
package struct JobProgress: Sendable, Equatable {
  /// All there is to show, in a form of the work's own: JSON.
  package var report: Data
  /// The same in a few words: `12 of 40 nodes`.
  package var progress: String
  /// Why the job waits, when it does.
  package var pause: String?

  package init(report: Data, progress: String, pause: String? = nil) {
    self.report = report
    self.progress = progress
    self.pause = pause
  }
}
