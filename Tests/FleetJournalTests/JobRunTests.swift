import FleetCore
import FleetTestSupport
import Foundation
import Synchronization
import Testing

@testable import FleetJournal

/// The drive of a job, in this process.
struct JobRunTests {
  private final class Log: Sendable {
    let lines = Mutex<[String]>([])
    let overdue = Mutex(0)
  }

  private let log = Log()
  private let patience = JobMonitor.Patience(pace: .milliseconds(5), stop: .seconds(60), older: .seconds(60))

  private func run(_ id: JobID, _ jobs: TestJobs, _ patience: JobMonitor.Patience? = nil) -> JobRun {
    let log = log
    return JobRun(
      id,
      in: jobs.store,
      patience: patience ?? self.patience,
      log: { line in log.lines.withLock { $0.append(line) } },
      overdue: { log.overdue.withLock { $0 += 1 } }
    )
  }

  @Test(arguments: [
    JobEnd.succeeded("4 nodes"), .failed("no space"), .cancelled("by ann"), .undone(), .interrupted("stopped"),
  ])
  func recordsHowItEnded(_ end: JobEnd) async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    let given = try await run(id, jobs).drive(ClosureWork { _ in end })
    #expect(given == end)
    let job = try jobs.store.job(id)
    #expect(job.state == end.state && job.reason == end.reason)
    #expect(!jobs.store.isDriven(id))
  }

  @Test func workGetsWhatItNeeds() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create(TestJobs.order(spec: "what to do"))
    try jobs.driven(id).append(Data("before".utf8))
    _ = try await run(id, jobs).drive(
      ClosureWork { context in
        #expect(context.job.id == id && context.job.state == .running)
        #expect(context.spec == Data("what to do".utf8))
        #expect(context.nodes.count == 2)
        #expect(context.events.map(\.body) == [Data("before".utf8)])
        await #expect(throws: Never.self) { try await context.append(Data("now".utf8)) }
        context.tell(JobProgress(report: Data("{}".utf8), progress: "all"))
        return .succeeded()
      }
    )
    #expect(try jobs.store.events(of: id).map(\.body) == [Data("before".utf8), Data("now".utf8)])
    #expect(try jobs.store.job(id).progress == "all", "the last report is kept, however soon the end follows")
  }

  @Test func onlyOneDrives() async throws {
    let jobs = try TestJobs()
    let driven = try jobs.driven(jobs.create())
    let error = await #expect(throws: CommandError.self) {
      _ = try await run(driven.id, jobs).drive(ClosureWork { _ in .succeeded() })
    }
    let words = "push-0001 is driven by another process (process \(getpid()) since "
    #expect(error?.code == .conflict && error?.message.hasPrefix(words) == true)
    #expect(try jobs.store.job(driven.id).state == .running)
  }

  @Test func requestsReachTheWorkInOrder() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    try jobs.store.request(.pause, of: id, by: "ann")
    async let end = run(id, jobs).drive(
      ClosureWork { context in
        var seen: [String] = []
        for await request in context.controls {
          seen.append(request.kind.rawValue)
          if request.kind == .cancel { return .cancelled(seen.joined(separator: " ")) }
        }
        return .failed("the stream ended")
      }
    )
    try await soon("it runs") { try jobs.store.job(id).state == .running }
    try jobs.store.request(.resume, of: id, by: "ann")
    let last = try jobs.store.request(.cancel, of: id, by: "ann")
    #expect(try await end == .cancelled("pause resume cancel"))
    #expect(try jobs.store.isAcknowledged(last))
  }

  @Test func pausesAreSeenByOthers() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    async let end = run(id, jobs).drive(
      ClosureWork { context in
        context.tell(JobProgress(report: Data("{}".utf8), progress: "1 of 2", pause: "no data"))
        for await request in context.controls where request.kind == .resume { break }
        context.tell(JobProgress(report: Data("{}".utf8), progress: "2 of 2"))
        return .succeeded()
      }
    )
    try await soon("it is paused") { try jobs.store.job(id).state == .paused }
    #expect(try jobs.store.job(id).reason == "no data")
    try jobs.store.request(.resume, of: id, by: "ann")
    #expect(try await end == .succeeded())
  }

  @Test func cancellationInterruptsAndStillWrites() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    let run = run(id, jobs)
    let driving = Task {
      try await run.drive(
        ClosureWork { context in
          for await _ in context.controls {}
          await #expect(throws: Never.self) { try await context.append(Data("last words".utf8)) }
          return .interrupted("mine")
        }
      )
    }
    try await soon("it runs") { try jobs.store.job(id).state == .running }
    driving.cancel()
    #expect(try await driving.value == .interrupted("its process was told to end"))
    #expect(try jobs.store.events(of: id).map(\.body) == [Data("last words".utf8)])
    #expect(try jobs.store.job(id).state == .interrupted)
  }

  @Test func stopRequestInterrupts() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    async let end = run(id, jobs).drive(
      ClosureWork { context in
        for await _ in context.controls {}
        return .interrupted("mine")
      }
    )
    try await soon("it runs") { try jobs.store.job(id).state == .running }
    try jobs.store.request(.stop, of: id, by: "demo", note: "the demo has ended")
    #expect(try await end == .interrupted("the demo has ended"))
    let driven = try #require(try jobs.store.take(id))
    #expect(try driven.begin().isEmpty, "the next process does not stop for it again")
  }

  @Test func workThatDoesNotStopIsGivenUp() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    let (release, releasing) = AsyncStream.makeStream(of: Never.self)
    let patience = JobMonitor.Patience(pace: .milliseconds(5), stop: .milliseconds(50), older: .seconds(1))
    let run = run(id, jobs, patience)
    let driving = Task {
      try await run.drive(
        ClosureWork { _ in
          await Task.detached { for await _ in release {} }.value
          return .succeeded()
        }
      )
    }
    try await soon("it runs") { try jobs.store.job(id).state == .running }
    driving.cancel()
    try await soon("its process is told to end itself") { log.overdue.withLock { $0 } == 1 }
    let job = try jobs.store.job(id)
    #expect(job.state == .interrupted && job.reason.hasSuffix("; its work did not stop within 0.05 s"), "\(job.reason)")
    releasing.finish()
    _ = try await driving.value
  }

  @Test func folderThatIsClearedAwayEndsIt() async throws {
    let jobs = try TestJobs()
    let id = try jobs.create()
    async let end = run(id, jobs).drive(
      ClosureWork { context in
        for await _ in context.controls {}
        await #expect(throws: CommandError.self) { try await context.append(Data()) }
        return .interrupted("mine")
      }
    )
    try await soon("it runs") { try jobs.store.job(id).state == .running }
    try FileManager.default.removeItem(atPath: jobs.store.folder)
    #expect(try await end == .interrupted("its folder was cleared away"))
  }

  @Test func waitsForTheOlderJob() async throws {
    let jobs = try TestJobs()
    let old = try jobs.driven(jobs.create())
    let id = try jobs.create()
    async let end = run(id, jobs).drive(ClosureWork { _ in .succeeded() })
    try await soon("it waits") { try jobs.store.job(id).reason == "waits for \(old.id) to end" }
    #expect(try jobs.store.job(id).state == .queued)
    try old.end(.cancelled("superseded by \(id)"))
    #expect(try await end == .succeeded())
  }

  @Test func doesNotWaitForEver() async throws {
    let jobs = try TestJobs()
    let old = try jobs.driven(jobs.create())
    let id = try jobs.create()
    let patience = JobMonitor.Patience(pace: .milliseconds(5), stop: .seconds(1), older: .milliseconds(50))
    let end = try await run(id, jobs, patience).drive(ClosureWork { _ in .succeeded() })
    #expect(end == .failed("\(old.id) still works on its nodes after 0.05 s; nothing was begun"))
  }

  @Test func isCancelledWhileItWaits() async throws {
    let jobs = try TestJobs()
    let old = try jobs.driven(jobs.create())
    let id = try jobs.create()
    async let end = run(id, jobs).drive(ClosureWork { _ in .succeeded() })
    try await soon("it waits") { try jobs.store.job(id).reason == "waits for \(old.id) to end" }
    try jobs.store.request(.cancel, of: id, by: "ann")
    #expect(try await end == .cancelled("before it began"))
  }
}
