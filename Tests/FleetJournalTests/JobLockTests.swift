import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetJournal

struct JobLockTests {
  @Test func isHeldByOne() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.lock")
    #expect(!JobLock.isHeld(path))
    var lock = try JobLock.take(path)
    #expect(lock?.isInPlace == true)
    #expect(JobLock.isHeld(path))
    #expect(try JobLock.take(path) == nil)
    #expect(JobLock.owner(path)?.pid == getpid())
    lock = nil
    #expect(!JobLock.isHeld(path))
    #expect(try JobLock.take(path) != nil)
  }

  /// Looking is not taking: with flock(2), a look could keep a process from beginning.
  @Test func lookingDisturbsNobody() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.lock")
    try JobLock.take(path)?.release()
    let looking = Thread {
      while !Thread.current.isCancelled { _ = JobLock.isHeld(path) }
    }
    looking.start()
    defer { looking.cancel() }
    for round in 0..<2000 {
      let lock = try JobLock.take(path)
      #expect(lock != nil, "round \(round)")
      // Closing it would not do: a child that another test starts holds a copy of it until it begins its program.
      lock?.release()
    }
  }

  @Test func ofManyOneWins() async throws {
    let folder = try TemporaryFolder()
    for round in 0..<50 {
      let locks = try await withThrowingTaskGroup(of: JobLock?.self) { group in
        for _ in 0..<8 { group.addTask { try JobLock.take(folder.path("\(round).lock")) } }
        return try await group.reduce(into: []) { if let lock = $1 { $0.append(lock) } }
      }
      #expect(locks.count == 1)
    }
  }

  @Test func seesThatItsFileIsGone() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("a.lock")
    let lock = try #require(try JobLock.take(path))
    try FileManager.default.removeItem(atPath: path)
    #expect(!lock.isInPlace)
    let another = try JobLock.take(path)
    #expect(another?.isInPlace == true && !lock.isInPlace)
  }

  @Test(arguments: ["", "12", "x 2026-11-25T10:00:00Z", "-4 2026-11-25T10:00:00Z", "12 yesterday", "12 13 14"])
  func wordsOfAnotherAreNoOwner(_ text: String) throws {
    let folder = try TemporaryFolder()
    try Data(text.utf8).write(to: URL(filePath: folder.path("a.lock")))
    #expect(JobLock.owner(folder.path("a.lock")) == nil)
  }
}
