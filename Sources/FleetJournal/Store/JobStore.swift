package import FleetCore
package import Foundation
internal import GRDB
internal import Glibc

/// The jobs of an operator, on disk: what was ordered, what became of it, and what is wanted of it.
///
///     jobs.sqlite            all of them, with their events and requests
///     locks/push-0012.lock   held by the process that drives the job
///     logs/push-0012.log     what that process printed
///
/// Any number of processes may have it open. Calls block for as long as the disk takes, and for at most 5 s while another
/// process writes.
package final class JobStore: Sendable {
  package let folder: String
  let database: DatabaseQueue
  let now: @Sendable () -> Date

  private init(folder: String, database: DatabaseQueue, now: @escaping @Sendable () -> Date) {
    self.folder = folder
    self.database = database
    self.now = now
  }

  /// Opens what is there, or makes it, readable by nobody else.
  package static func open(
    folder: String,
    now: @escaping @Sendable () -> Date = { .now }
  ) throws(CommandError) -> JobStore {
    for path in [folder, "\(folder)/locks", "\(folder)/logs"] { try makeFolder(path) }
    return JobStore(folder: folder, database: try JobDatabase.open(databasePath(folder)), now: now)
  }

  /// Nil, at the cost of one look at the disk, when nobody has ordered a job here yet.
  package static func openExisting(
    folder: String,
    now: @escaping @Sendable () -> Date = { .now }
  ) throws(CommandError) -> JobStore? {
    guard unsafe access(databasePath(folder), F_OK) == 0 else { return nil }
    return try open(folder: folder, now: now)
  }

  package func logPath(_ id: JobID) -> String { "\(folder)/logs/\(id).log" }

  func lockPath(_ id: JobID) -> String { "\(folder)/locks/\(id).lock" }

  var path: String { Self.databasePath(folder) }

  private static func databasePath(_ folder: String) -> String { "\(folder)/jobs.sqlite" }

  private static func makeFolder(_ path: String) throws(CommandError) {
    guard unsafe access(path, F_OK) != 0 else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: path,
        withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700]
      )
      JobDatabase.syncFolder(of: path)
    } catch {
      throw CommandError(.denied, "cannot make the folder '\(path)' for jobs: \(error.localizedDescription)")
    }
  }
}

extension JobStore {
  func read<Value>(_ body: (Database) throws -> Value) throws(CommandError) -> Value {
    do {
      return try database.read(body)
    } catch {
      throw JobDatabase.explained(error, path)
    }
  }

  /// All of it or nothing, and on the disk when it returns.
  func write<Value>(_ body: (Database) throws -> Value) throws(CommandError) -> Value {
    do {
      return try database.write(body)
    } catch {
      throw JobDatabase.explained(error, path)
    }
  }

  /// Words for a row that no `fleet` wrote.
  func damaged(_ what: String) -> CommandError {
    CommandError(.corrupt, "'\(path)': \(what); the file was changed by something else than fleet")
  }
}
