import FleetCore
import FleetTestSupport
import Foundation
import GRDB
import Testing

@testable import FleetJournal

struct JobStoreTests {
  @Test func keepsWhatWasOrdered() throws {
    let jobs = try TestJobs()
    let created = try jobs.store.create(TestJobs.order(spec: #"{"waves":[1]}"#))
    #expect(created.superseded.isEmpty)
    let id = created.job.id
    #expect(id.description == "push-0001")
    let other = try jobs.reopened()
    let job = try other.job(id)
    #expect(job == created.job)
    #expect(
      job.state == .queued && job.title == "push tag-reader@2" && job.orderedBy == "ann" && job.model == "tag-reader"
    )
    #expect(job.created == Date(timeIntervalSince1970: 1_800_000_000))
    #expect(try other.spec(of: id) == Data(#"{"waves":[1]}"#.utf8))
    #expect(try other.nodes(of: id).map(\.description) == ["austin-01/a", "austin-01/b"])
    #expect(try other.report(of: id) == nil)
    #expect(try other.events(of: id).isEmpty)
  }

  @Test func opensNothingWhereNothingIs() throws {
    let folder = try TemporaryFolder()
    #expect(try JobStore.openExisting(folder: folder.path("state")) == nil)
    #expect(!FileManager.default.fileExists(atPath: folder.path("state")), "and makes nothing")
    _ = try JobStore.open(folder: folder.path("state"))
    #expect(try JobStore.openExisting(folder: folder.path("state")) != nil)
  }

  @Test func folderIsForItsOwnerOnly() throws {
    let jobs = try TestJobs()
    let attributes = try FileManager.default.attributesOfItem(atPath: jobs.store.folder)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }

  @Test func twoFleetsDoNotMix() throws {
    let jobs = try TestJobs()
    let elsewhere = JobFleet(name: "acme", file: "/srv/other/fleet.yaml")
    let first = try jobs.create()
    let second = try jobs.store.create(TestJobs.order(fleet: elsewhere))
    #expect(second.superseded.isEmpty, "the same names of nodes, but other nodes")
    #expect(try jobs.store.jobs(of: TestJobs.fleet).map(\.id) == [first])
    #expect(try jobs.store.jobs(of: elsewhere).map(\.id) == [second.job.id])
    #expect(try jobs.store.jobs(of: JobFleet(name: "other", file: "/srv/acme/fleet.yaml")).isEmpty)
    expectError(.notFound, "push-0002 is a job of fleet 'acme', see --fleet /srv/other/fleet.yaml") {
      _ = try jobs.store.job(named: "2", of: TestJobs.fleet)
    }
  }

  @Test func fleetsAreTheSameHoweverTheirFileIsNamed() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(filePath: folder.path("fleet.yaml")))
    try FileManager.default.createSymbolicLink(atPath: folder.path("link.yaml"), withDestinationPath: "fleet.yaml")
    let names = ["fleet.yaml", "./fleet.yaml", "x/../fleet.yaml", "link.yaml"]
    #expect(Set(names.map { JobFleet(name: "a", file: folder.path($0)) }).count == 1)
    #expect(JobFleet(name: "a", file: "fleet.yaml").file.hasPrefix("/"))
  }

  @Test func findsWhatPeopleMean() throws {
    let jobs = try TestJobs()
    expectError(.notFound, "fleet 'acme' has no job 'push-1'; it has none yet") {
      _ = try jobs.store.job(named: "push-1", of: TestJobs.fleet)
    }
    let id = try jobs.create()
    for name in ["push-0001", "push-1", "1", "0001"] {
      #expect(try jobs.store.job(named: name, of: TestJobs.fleet).id == id, "\(name)")
    }
    expectError(.notFound, "fleet 'acme' has no job 'psuh-0001'; did you mean 'push-0001'?") {
      _ = try jobs.store.job(named: "psuh-0001", of: TestJobs.fleet)
    }
    expectError(.notFound, "fleet 'acme' has no job 'rollback-1'; 'fleet jobs' lists them") {
      _ = try jobs.store.job(named: "rollback-1", of: TestJobs.fleet)
    }
  }

  @Test func eventsAreNumberedAndNeverChanged() throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    for text in ["one", "two", "three"] {
      try driven.append(Data(text.utf8))
      jobs.pass(1)
    }
    let events = try jobs.reopened().events(of: driven.id)
    #expect(events.map(\.sequence) == [1, 2, 3])
    #expect(events.map { String(decoding: $0.body, as: UTF8.self) } == ["one", "two", "three"])
    #expect(events[2].time.timeIntervalSince(events[0].time) == 2)
    #expect(try jobs.store.events(of: driven.id, after: 2).map(\.sequence) == [3])
    expectError(.failed, "an event is never changed") {
      try jobs.store.write { try $0.execute(sql: "UPDATE event SET body = x'00'") }
    }
  }

  @Test func reportsAreKeptWithTheirTime() throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    jobs.pass(5)
    try driven.tell(JobProgress(report: Data("{}".utf8), progress: "1 of 2 nodes"))
    var job = try jobs.store.job(driven.id)
    #expect(job.progress == "1 of 2 nodes" && job.state == .running)
    #expect(job.reported?.timeIntervalSince(job.changed) == 5, "a report is no change of its state")
    try driven.tell(JobProgress(report: Data("[]".utf8), progress: "1 of 2 nodes", pause: "no data from austin-01/b"))
    job = try jobs.store.job(driven.id)
    #expect(job.state == .paused && job.reason == "no data from austin-01/b" && job.reported == job.changed)
    #expect(try jobs.store.report(of: driven.id) == Data("[]".utf8))
    try driven.tell(JobProgress(report: Data("{}".utf8), progress: "2 of 2 nodes"))
    job = try jobs.store.job(driven.id)
    #expect(job.state == .running && job.reason.isEmpty)
  }

  @Test func jobsWithoutTheirProcessAreInterrupted() throws {
    let jobs = try TestJobs()
    var driven: DrivenJob? = try jobs.driven(jobs.create())
    let id = try #require(driven?.id)
    #expect(try jobs.store.job(id).state == .running)
    #expect(jobs.store.owner(of: id)?.pid == getpid())
    #expect(try jobs.store.interruptedJobs(ofFile: TestJobs.fleet.file).isEmpty)
    driven = nil
    let job = try jobs.store.job(id)
    #expect(job.state == .interrupted && job.reason == "its process ended without a word")
    #expect(jobs.store.owner(of: id) == nil)
    #expect(try jobs.store.interruptedJobs(ofFile: TestJobs.fleet.file).map(\.id) == [id])
    #expect(try jobs.store.interruptedJobs(ofFile: "/srv/other.yaml").isEmpty)
  }

  @Test func jobsWhoseProcessNeverBeganAreInterruptedAfterAWhile() throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    #expect(try jobs.store.job(id).state == .queued)
    jobs.pass(31)
    #expect(try jobs.store.job(id).state == .interrupted)
    #expect(try jobs.store.job(id).reason == "its process never began")
  }

  @Test func endedJobsAreDroppedAfterNinetyDays() throws {
    let jobs = try TestJobs()
    var old: DrivenJob? = try jobs.driven(jobs.create())
    let id = try #require(old?.id)
    try old?.append(Data("x".utf8))
    try Data("log".utf8).write(to: URL(filePath: jobs.store.logPath(id)))
    try old?.end(.succeeded())
    old = nil
    let open = try jobs.create(TestJobs.order(model: nil))
    jobs.pass(90 * 86_400 - 1)
    _ = try jobs.create(TestJobs.order(model: nil))
    #expect(try jobs.store.jobs(of: TestJobs.fleet).map(\.id).contains(id))
    jobs.pass(2)
    _ = try jobs.create(TestJobs.order(model: nil))
    let left = try jobs.store.jobs(of: TestJobs.fleet).map(\.id)
    #expect(!left.contains(id) && left.contains(open), "what has not ended stays")
    #expect(try jobs.store.events(of: id).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: jobs.store.logPath(id)))
    #expect(!FileManager.default.fileExists(atPath: jobs.store.lockPath(id)))
  }

  @Test func fiveHundredEndedJobsAreKept() async throws {
    let jobs = try TestJobs()
    for _ in 0..<JobStore.keptCount + 3 {
      let id = try jobs.create(TestJobs.order(nodes: []))
      try jobs.driven(id).end(.succeeded())
      jobs.pass(1)
      // The other tests share our threads.
      await Task.yield()
    }
    let newest = try jobs.create(TestJobs.order(nodes: []))
    let left = try jobs.store.jobs(of: TestJobs.fleet).map(\.id.number)
    #expect(left == Array((4...newest.number).reversed()))
    #expect(newest.number == JobStore.keptCount + 4, "no name is given twice")
  }
}

/// Expects an error with `code` and `words` in its message.
func expectError(
  _ code: CommandError.Code,
  _ words: String,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("expected \(code): \(words)", sourceLocation: sourceLocation)
  } catch let error as CommandError {
    #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
    #expect(error.message.contains(words), sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
