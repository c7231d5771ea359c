import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetJournal

struct JobRequestTests {
  @Test(
    arguments: [
      ([], []), ([.pause], [.pause]), ([.pause, .resume], []), ([.resume, .pause], [.pause]), ([.stop], []),
      ([.pause, .stop], [.pause]), ([.cancel, .resume], [.cancel]), ([.pause, .cancel], [.cancel]),
      ([.cancel, .undo], [.undo]), ([.undo, .supersede, .pause], [.supersede]),
    ] as [([JobRequest.Kind], [JobRequest.Kind])]
  )
  func whatStillHolds(_ asked: [JobRequest.Kind], _ standing: [JobRequest.Kind]) {
    let requests = asked.enumerated().map { index, kind in
      JobRequest(number: index, kind: kind, orderedBy: "ann", note: "", time: .distantPast, acknowledged: nil)
    }
    #expect(JobRequest.standing(among: requests).map(\.kind) == standing)
  }

  @Test func areReadOnceAndAcknowledged() throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    let number = try jobs.reopened().request(.pause, of: driven.id, by: "bob", note: "lunch")
    #expect(try !jobs.store.isAcknowledged(number))
    let read = try driven.unread()
    #expect(read.map(\.kind) == [.pause] && read[0].orderedBy == "bob" && read[0].note == "lunch")
    #expect(try jobs.store.isAcknowledged(number))
    #expect(try driven.unread().isEmpty)
    #expect(try jobs.store.requests(of: driven.id).map(\.kind) == [.pause], "they stay in the record")
  }

  /// A process that dies after it has read a request and before it has done it does not lose it.
  @Test func holdForTheNextProcess() throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    try jobs.store.request(.cancel, of: id, by: "bob")
    var driven: DrivenJob? = try jobs.driven(id)
    driven = nil
    #expect(driven == nil)
    let next = try #require(try jobs.store.take(id))
    #expect(try next.begin().map(\.kind) == [.cancel])
    try next.end(.cancelled("by bob"))
    #expect(try jobs.store.standingRequests(of: id).isEmpty, "it is done with")
  }

  @Test func ofNoJobAreRefused() throws {
    let jobs = try TestJobs()
    expectError(.notFound, "no job 'push-0009'") {
      try jobs.store.request(.pause, of: JobID(kind: "push", number: 9), by: "bob")
    }
  }

  @Test func endedJobsBeginOnlyToBeUndone() throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    try jobs.driven(id).end(.succeeded())
    expectError(.conflict, "push-0001 has ended: succeeded") { _ = try jobs.driven(id) }
    try jobs.store.request(.cancel, of: id, by: "bob")
    expectError(.conflict, "push-0001 has ended: succeeded") { _ = try jobs.driven(id) }
    try jobs.store.request(.undo, of: id, by: "bob")
    do {
      let driven = try #require(try jobs.store.take(id))
      #expect(try driven.begin().map(\.kind) == [.undo])
      try driven.end(.undone())
    }
    #expect(try jobs.store.job(id).state == .undone)
    try jobs.store.request(.undo, of: id, by: "bob")
    expectError(.conflict, "push-0001 has ended: undone") { _ = try jobs.driven(id) }
  }

  @Test func undoThatCameAsTheJobEndedIsKept() throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    try jobs.store.request(.undo, of: driven.id, by: "bob")
    try driven.end(.succeeded())
    #expect(try jobs.store.standingRequests(of: driven.id).map(\.kind) == [.undo])
  }

  @Test func newerJobWins() throws {
    let jobs = try TestJobs()
    let old = try jobs.driven(jobs.create())
    let apart = try jobs.create(TestJobs.order(nodes: ["denver-02/a"]))
    let otherModel = try jobs.create(TestJobs.order(model: "face-counter"))
    let ended = try jobs.create(TestJobs.order(nodes: ["miami-03/a"]))
    try jobs.driven(ended).end(.failed("x"))
    let new = try jobs.store.create(TestJobs.order(nodes: ["austin-01/b", "miami-03/a"]))
    #expect(new.superseded == [old.id])
    let request = try #require(try old.unread().first)
    #expect(request.kind == .supersede && request.note == "superseded by \(new.job.id)")
    for id in [apart, otherModel, ended] { #expect(try jobs.store.requests(of: id).isEmpty, "\(id)") }
    #expect(try jobs.store.job(old.id).state == .running, "it ends by itself")
  }

  @Test func supersededJobWithoutAProcessEndsAtOnce() throws {
    let jobs = try TestJobs()
    let old = try jobs.create()
    _ = try jobs.driven(old)
    #expect(try jobs.store.job(old).state == .interrupted)
    let new = try jobs.store.create(TestJobs.order())
    #expect(new.superseded == [old])
    let job = try jobs.store.job(old)
    #expect(job.state == .cancelled && job.reason == "superseded by \(new.job.id)")
  }

  @Test func olderJobIsNotUndoneUnderANewerOne() throws {
    let jobs = try TestJobs()
    let old = try jobs.create()
    try jobs.driven(old).end(.succeeded())
    let new = try jobs.driven(jobs.create())
    try jobs.store.request(.undo, of: old, by: "bob")
    expectError(.conflict, "\(new.id) is newer and at work on nodes of \(old); cancel it first") {
      _ = try jobs.driven(old)
    }
    try new.end(.succeeded())
    _ = try jobs.driven(old)
  }

  @Test func processesAreAskedToStop() throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    _ = try jobs.create(TestJobs.order(model: nil))
    let asked = try jobs.store.stopProcesses(of: TestJobs.fleet, by: "demo", note: "the demo has ended")
    #expect(asked == [driven.id])
    #expect(try driven.unread().map(\.kind) == [.stop])
  }
}
