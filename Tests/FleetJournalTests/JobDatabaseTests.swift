import FleetCore
import FleetTestSupport
import Foundation
import GRDB
import Testing

@testable import FleetJournal

/// Files that are not what they should be: a clear word, and nothing lost.
struct JobDatabaseTests {
  private func folder(with bytes: Data) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try bytes.write(to: URL(filePath: folder.path("jobs.sqlite")))
    return folder
  }

  private func bytes(_ folder: TemporaryFolder) throws -> Data {
    try Data(contentsOf: URL(filePath: folder.path("jobs.sqlite")))
  }

  @Test func emptyFileBecomesADatabase() throws {
    let folder = try folder(with: Data())
    let store = try JobStore.open(folder: folder.path)
    #expect(try store.create(TestJobs.order()).job.id.description == "push-0001")
    let version = try store.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
    #expect(version == JobSchema.version)
  }

  @Test func eventsAreForcedToTheDisk() throws {
    let jobs = try TestJobs()
    for store in [jobs.store, try jobs.reopened()] {
      #expect(try store.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2, "FULL")
      #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
      #expect(try store.read { try Int.fetchOne($0, sql: "PRAGMA foreign_keys") } == 1)
    }
  }

  @Test(arguments: [
    "no database at all\n", String(repeating: "SQLite format 3\u{0}", count: 400),
    String(repeating: "\u{0}", count: 8192),
  ])
  func garbageStaysAsItIs(_ text: String) throws {
    let garbage = Data(text.utf8)
    let folder = try folder(with: garbage)
    expectError(.corrupt, "'\(folder.path("jobs.sqlite"))' is damaged or no database (") {
      _ = try JobStore.open(folder: folder.path)
    }
    #expect(try bytes(folder) == garbage)
  }

  @Test func randomDamageNeverCrashes() async throws {
    var random = SeededRandom()
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    for index in 0..<200 { try driven.append(Data("event \(index)".utf8)) }
    try await jobs.store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    let whole = try Data(contentsOf: URL(filePath: jobs.store.path))
    var opened = 0
    for _ in 0..<200 {
      await Task.yield()
      var damaged = whole
      if random.chance(0.3) {
        damaged = damaged.prefix(Int.random(in: 1..<damaged.count, using: &random))
      } else {
        for _ in 0..<Int.random(in: 1...(random.chance(0.7) ? 4 : 400), using: &random) {
          damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
      }
      let folder = try folder(with: damaged)
      do {
        let store = try JobStore.open(folder: folder.path)
        opened += 1
        for job in try store.jobs(of: TestJobs.fleet) { _ = try store.events(of: job.id) }
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
    print("opened \(opened) of 200 damaged files")
  }

  @Test func databaseOfAnotherProgramStaysAsItIs() throws {
    let folder = try TemporaryFolder()
    do {
      let other = try DatabaseQueue(path: folder.path("jobs.sqlite"))
      try other.write { try $0.execute(sql: "CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('mine')") }
    }
    let before = try bytes(folder)
    expectError(.invalid, "is a database of another program; nothing was changed") {
      _ = try JobStore.open(folder: folder.path)
    }
    #expect(try bytes(folder) == before)
  }

  @Test func newerSchemaIsNotTouched() throws {
    let folder = try TemporaryFolder()
    do {
      let store = try JobStore.open(folder: folder.path)
      _ = try store.create(TestJobs.order())
      try store.database.write { try $0.execute(sql: "PRAGMA user_version = 7") }
    }
    expectError(.invalid, "was written by a newer fleet (schema 7, this one knows 2); nothing was changed") {
      _ = try JobStore.open(folder: folder.path)
    }
    let database = try DatabaseQueue(path: folder.path("jobs.sqlite"))
    #expect(try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM job") } == 1)
  }

  @Test func aMigrationThatWasCutOffIsMadeAgain() throws {
    let folder = try TemporaryFolder()
    do {
      // Where we are when killed between saying whose file it is and the first table.
      let database = try DatabaseQueue(path: folder.path("jobs.sqlite"))
      try database.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA application_id = \(JobSchema.applicationID)")
        try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      }
    }
    #expect(try JobStore.open(folder: folder.path).create(TestJobs.order()).job.id.number == 1)
  }

  @Test func manyMayMakeItAtOnce() async throws {
    let folder = try TemporaryFolder()
    let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<12 {
        group.addTask { try JobStore.open(folder: folder.path).create(TestJobs.order(model: nil)).job.id.number }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(numbers.sorted() == Array(1...12))
  }

  @Test func folderThatIsAFileIsToldOf() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(filePath: folder.path("state")))
    expectError(.denied, "cannot make the folder '\(folder.path("state"))/locks' for jobs") {
      _ = try JobStore.open(folder: folder.path("state"))
    }
  }

  @Test func rowsThatNobodyWroteAreToldOf() throws {
    let jobs = try TestJobs()
    _ = try jobs.create()
    try jobs.store.database.write { try $0.execute(sql: "UPDATE job SET state = 'dancing'") }
    expectError(.corrupt, "push-0001 is in a state 'dancing' that there is not") {
      _ = try jobs.store.jobs(of: TestJobs.fleet)
    }
  }
}
