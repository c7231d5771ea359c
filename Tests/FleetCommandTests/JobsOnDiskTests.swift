import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import FleetTestSupport
import Foundation
import Testing

@testable import fleet

/// Jobs as the screen reads them.
struct JobsOnDiskTests {
  private let folder: TemporaryFolder
  private let options: FleetOptions
  private let jobs: JobsOnDisk

  init() throws {
    folder = try TemporaryFolder()
    let text = "version: 1\nfleet: acme\nstores: [{name: s, nodes: [{name: a, address: \"127.0.0.1:9\"}]}]\n"
    for (name, text) in [("fleet.yaml", text), (DemoFolder.marker, "")] {
      try Data(text.utf8).write(to: URL(filePath: folder.path(name)))
    }
    options = try FleetOptions.parse(["--fleet", folder.path("fleet.yaml")])
    jobs = JobsOnDisk(options: options, fleet: try options.definition(), person: "ann")
  }

  private func create(in store: JobStore, kind: String = "push") throws -> JobID {
    let order = JobOrder(
      kind: kind,
      title: "push tag-reader@2 to all",
      fleet: JobFleet(name: "acme", file: options.fleet),
      orderedBy: "ann",
      spec: Data("{}".utf8),
      model: "tag-reader"
    )
    return try store.create(order).job.id
  }

  private func drive(_ id: JobID, in store: JobStore, _ body: (DrivenJob) throws -> Void) throws {
    let driven = try #require(try store.take(id))
    _ = try driven.begin()
    try body(driven)
    driven.release()
  }

  private func report() throws -> Data {
    let nodes = ["s/a", "s/b"].compactMap { NodeName($0) }
    let version = ModelVersion(name: "tag-reader", number: 2)
    let digest = ModelDigest(ofManifest: [1])
    let plan = RolloutPlan(
      id: "push-0001",
      version: version,
      digest: digest,
      nodes: nodes,
      strategy: RolloutStrategy(),
      orderedBy: "ann"
    )
    let events: [RolloutEvent] =
      [.attached] + nodes.map { .reachable($0, serving: .init(version: version, digest: digest)) }
    return try JSONEncoder().encode(RolloutReport(RolloutMachine(plan, replaying: events.map { ($0, 1) })))
  }

  @Test func bothKnowTheSameStatesAndWishes() {
    #expect(ListedJob.State.allCases.map(\.rawValue) == JobState.allCases.map(\.rawValue))
    for wish in JobWish.allCases { #expect(JobRequest.Kind(wish)?.rawValue == wish.rawValue) }
  }

  @Test func nothingIsOpenedWhereNothingIs() async throws {
    #expect(try await jobs.read(page: "push-0001") == JobReading(jobs: []))
    #expect(!FileManager.default.fileExists(atPath: folder.path("jobs")))
  }

  @Test func readsTheListAndThePageOfOne() async throws {
    let store = try options.openJobs()
    let id = try create(in: store)
    try drive(id, in: store) { driven in
      try driven.tell(JobProgress(report: try report(), progress: "2 of 2 nodes"))
      try driven.end(.succeeded())
    }
    _ = try create(in: store)
    let reading = try await jobs.read(page: "push-0001")
    #expect(reading.jobs.map(\.id) == ["push-0002", "push-0001"])
    #expect(reading.jobs.map(\.state) == [.queued, .succeeded])
    let summary = try #require(reading.jobs[1].summary)
    #expect(summary.reachedStores == 1 && summary.stores == 1 && summary.reachedNodes == 2)
    #expect(summary.version.number == 2 && reading.jobs[0].summary == nil)
    let page = try #require(reading.page)
    #expect(page.job == reading.jobs[1] && page.report?.allNodes.count == 2 && page.process == nil)
    #expect(try await jobs.read(page: nil).page == nil)
    #expect(try await jobs.read(page: "push-0009").page == nil)
  }

  @Test func whatWasAskedAndWhoDrivesItIsOnThePage() async throws {
    let store = try options.openJobs()
    let id = try create(in: store)
    let driven = try #require(try store.take(id))
    _ = try driven.begin()
    try store.request(.pause, of: id, by: "bob")
    let page = try #require(try await jobs.read(page: "push-0001").page)
    #expect(page.asked.map(\.kind) == ["pause"] && page.asked.map(\.isHeard) == [false])
    #expect(page.process?.hasPrefix("process \(getpid()) since") == true)
    driven.release()
    let left = try #require(try await jobs.read(page: "push-0001").page)
    #expect(left.job.state == .interrupted && left.process == nil)
  }

  @Test func anotherKindTellsWhatItToldInLines() async throws {
    let store = try options.openJobs()
    let id = try create(in: store, kind: "rehearsal")
    try drive(id, in: store) { driven in
      try driven.tell(JobProgress(report: Data(#"{"done":1}"#.utf8), progress: "1 of 2 steps"))
    }
    let page = try #require(try await jobs.read(page: id.description).page)
    #expect(page.report == nil && page.lines.joined().contains("\"done\" : 1"))
  }

  /// A long past is read a piece at a time, so that no reading takes long.
  @Test func reportsOfEndedJobsFollowByAndBy() async throws {
    let store = try options.openJobs()
    for _ in 0..<20 {
      try drive(try create(in: store), in: store) { driven in
        try driven.tell(JobProgress(report: try report(), progress: "2 of 2 nodes"))
        try driven.end(.succeeded())
      }
    }
    var known: [Int] = []
    for _ in 0..<4 { known.append(try await jobs.read(page: nil).jobs.count { $0.summary != nil }) }
    #expect(known == [8, 16, 20, 20])
  }

  @Test func whatItsStateDoesNotAllowIsRefused() async throws {
    let store = try options.openJobs()
    let id = try create(in: store)
    try drive(id, in: store) { try $0.end(.failed("no space")) }
    await #expect(throws: CommandError(.conflict, "push-0001 has ended already: failed: no space")) {
      _ = try await jobs.ask(.pause, of: "push-0001")
    }
    await #expect(throws: CommandError.self) { _ = try await jobs.ask(.pause, of: "push-0007") }
  }
}
