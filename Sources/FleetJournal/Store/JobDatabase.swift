internal import FleetCore
internal import Foundation
internal import GRDB
internal import Glibc

/// Opens the file of jobs, and says in words what is wrong with it.
enum JobDatabase {
  /// How long another process may hold the file before we give up.
  private static let patience = 5.0

  /// Opens it, or makes it. Whatever is wrong, the file stays as it was.
  static func open(_ path: String) throws(CommandError) -> DatabaseQueue {
    do {
      var configuration = Configuration()
      configuration.label = "jobs"
      configuration.busyMode = .timeout(patience)
      // A commit is on the disk when it returns: an event that was appended survives a power cut.
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      let database = try DatabaseQueue(path: path, configuration: configuration)
      if try !isCurrent(database, path) { try migrate(database, path) }
      return database
    } catch {
      throw explained(error, path)
    }
  }

  /// Whether the schema is today's; throws when it is of somebody else or of a later `fleet`.
  private static func isCurrent(_ database: DatabaseQueue, _ path: String) throws -> Bool {
    try database.read { db in
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
      let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
      guard application == JobSchema.applicationID || (application == 0 && version == 0 && isEmpty) else {
        throw CommandError(
          .invalid,
          "'\(path)' is a database of another program; nothing was changed. Move it away, or set FLEET_STATE to another folder"
        )
      }
      guard version <= JobSchema.version else {
        throw CommandError(
          .invalid,
          "'\(path)' was written by a newer fleet (schema \(version), this one knows \(JobSchema.version)); nothing was "
            + "changed. Update this fleet, or set FLEET_STATE to another folder"
        )
      }
      return version == JobSchema.version
    }
  }

  /// One process at a time: between seeing that a migration is missing and making it, another could have made it.
  private static func migrate(_ database: DatabaseQueue, _ path: String) throws {
    let lock = try migrationLock(path)
    defer { withExtendedLifetime(lock) {} }
    guard try !isCurrent(database, path) else { return }
    try database.writeWithoutTransaction { db in
      guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
        throw CommandError(.failed, "'\(path)' cannot be written to in the way that jobs need (write-ahead log)")
      }
      // Says whose file it is before there is a table in it: we may die between the two.
      try db.execute(sql: "PRAGMA application_id = \(JobSchema.applicationID)")
    }
    try JobSchema.migrator.migrate(database)
    // The file's name survives a power cut too.
    Self.syncFolder(of: path)
  }

  private static func migrationLock(_ path: String) throws -> JobLock {
    let end = ContinuousClock.now.advanced(by: .seconds(patience))
    while ContinuousClock.now < end {
      if let lock = try JobLock.take(path + ".lock") { return lock }
      usleep(20_000)
    }
    throw CommandError(
      .conflict,
      "'\(path)' is being changed by another fleet for longer than \(Int(patience)) s; try again"
    )
  }

  static func syncFolder(of path: String) {
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    let descriptor = unsafe Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func damaged(_ path: String, _ detail: String) -> CommandError {
    CommandError(
      .corrupt,
      "'\(path)' is damaged or no database (\(detail)); nothing was changed. Move it away to begin without the jobs in it"
    )
  }

  /// An error of the database as one for an operator.
  static func explained(_ error: any Error, _ path: String) -> CommandError {
    if let error = error as? CommandError { return error }
    // A value of another type than was written: not our bug, and no reason to end the process.
    if error is RowDecodingError { return damaged(path, "\(error)") }
    guard let error = error as? DatabaseError else { return CommandError(.failed, "'\(path)': \(error)") }
    let detail = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      return damaged(path, detail)
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      return CommandError(
        .denied,
        "'\(path)' cannot be opened for writing (\(detail)); make it and its folder writable for you, or set FLEET_STATE "
          + "to another folder"
      )
    case .SQLITE_FULL:
      return CommandError(.noSpace, "no space left for '\(path)'; jobs cannot go on without their journal")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return CommandError(
        .conflict,
        "'\(path)' is held by another process for longer than \(Int(patience)) s; try again"
      )
    default:
      return CommandError(.failed, "'\(path)': \(detail)")
    }
  }
}
