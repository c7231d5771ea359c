import ArgumentParser
import FleetCore
import FleetJournal
import FleetTestSupport
import Foundation
import Testing

@testable import fleet

/// What people read about jobs, and where jobs lie.
struct JobWordsTests {
  private let folder: TemporaryFolder
  private let store: JobStore
  private let options: FleetOptions

  /// A demo's fleet file: its jobs lie beside it, whatever the environment of the tests is.
  init() throws {
    folder = try TemporaryFolder()
    for (name, text) in [
      ("fleet.yaml", "version: 1\nfleet: acme\nstores: [{name: s, nodes: [{name: a, address: \"127.0.0.1:9\"}]}]\n"),
      (DemoFolder.marker, ""),
    ] {
      try Data(text.utf8).write(to: URL(filePath: folder.path(name)))
    }
    options = try FleetOptions.parse(["--fleet", folder.path("fleet.yaml")])
    store = try JobStore.open(folder: JobFolder.path(fleetFile: options.fleet))
  }

  private var fleet: JobFleet { JobFleet(name: "acme", file: options.fleet) }

  private func create(_ title: String = "push tag-reader@2", fleet: JobFleet? = nil) throws -> JobID {
    let order = JobOrder(
      kind: "push",
      title: title,
      fleet: fleet ?? self.fleet,
      orderedBy: "ann",
      spec: Data("{}".utf8),
      model: "tag-reader"
    )
    return try store.create(order).job.id
  }

  private func drive(_ id: JobID, _ body: (DrivenJob) throws -> Void) throws {
    let driven = try #require(try store.take(id))
    _ = try driven.begin()
    try body(driven)
    driven.release()
  }

  @Test func foldersAreWhereTheySayTheyAre() throws {
    #expect(store.folder == JobFleet.absolute(folder.path("jobs")), "a demo's are in its folder")
    func path(_ environment: [String: String]) -> String {
      JobFolder.path(fleetFile: "/nowhere/fleet.yaml", environment: environment)
    }
    #expect(path(["FLEET_STATE": "/srv/jobs", "XDG_STATE_HOME": "/x"]) == "/srv/jobs")
    #expect(path(["FLEET_STATE": "", "XDG_STATE_HOME": "/x"]) == "/x/fleet")
    #expect(path(["XDG_STATE_HOME": "relative"]) == path([:]), "the XDG specification says to ignore it")
    #expect(path([:]).hasSuffix("/.local/state/fleet"))
  }

  @Test func listHasALineEach() throws {
    let first = try create()
    try drive(first) { driven in
      try driven.tell(JobProgress(report: Data("{}".utf8), progress: "1 of 4 nodes"))
      try driven.end(.failed("no space"))
    }
    _ = try create("push tag-reader@3")
    let jobs = try store.jobs(of: fleet)
    let lines = JobText.list(jobs, at: jobs[0].created.addingTimeInterval(185))
    #expect(
      lines == [
        "job        state   how far       age    what",
        "push-0002  queued                3 min  push tag-reader@3",
        "push-0001  failed  1 of 4 nodes  3 min  push tag-reader@2: no space",
      ]
    )
  }

  @Test(arguments: [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (86_400 * 3, "3 d"), (-5, "0 s")])
  func agesAreShort(_ seconds: Double, _ text: String) {
    #expect(JobText.age(Date(timeIntervalSince1970: 0), at: Date(timeIntervalSince1970: seconds)) == text)
  }

  @Test func showTellsAll() throws {
    let id = try create()
    try drive(id) { driven in
      try driven.append(Data(#"{"wave":1}"#.utf8))
      try driven.tell(JobProgress(report: Data(#"{"done":1}"#.utf8), progress: "1 of 4 nodes", pause: "no data"))
      try store.request(.cancel, of: id, by: "bob", note: "wrong version")
      let details = try JobDetails(try store.job(id), in: store)
      let text = JobText.whole(details, owner: store.owner(of: id), at: .now).joined(separator: "\n")
      for words in [
        "push-0001  push tag-reader@2", "push-0001 paused, 1 of 4 nodes: no data", "ordered by ann at ",
        "driven by process \(getpid()) since ", "report (0 s ago)", "\"done\" : 1", "  1  {\"wave\":1}",
        "cancel by bob: wrong version, not heard yet",
      ] {
        #expect(text.contains(words), "'\(words)' in\n\(text)")
      }
    }
  }

  @Test func documentsHaveEveryKey() throws {
    let id = try create()
    let keys = [
      "changed", "created", "id", "kind", "model", "ordered_by", "process", "progress", "reason", "reported",
      "simulated", "state", "title",
    ]
    let list = try JobDocument.list(try store.jobs(of: fleet), fleet: "acme", isSimulated: false) { _ in nil }
    let document = try #require(try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [String: Any])
    #expect(document["schema"] as? Int == 1 && document["fleet"] as? String == "acme")
    #expect(document["simulated"] as? Bool == false)
    let job = try #require((document["jobs"] as? [[String: Any]])?.first)
    #expect(job.keys.sorted() == keys)
    #expect(job["process"] is NSNull && job["reason"] is NSNull && job["state"] as? String == "queued")
    try drive(id) { driven in
      try driven.append(Data(#"{"wave":1}"#.utf8))
      try driven.append(Data("no JSON".utf8))
      let details = try JobDetails(try store.job(id), in: store)
      let whole = try JobDocument.whole(details, isSimulated: true, owner: store.owner(of: id))
      let document = try #require(try JSONSerialization.jsonObject(with: Data(whole.utf8)) as? [String: Any])
      #expect(document.keys.sorted() == (keys + ["events", "nodes", "report", "requests", "schema"]).sorted())
      #expect(document["simulated"] as? Bool == true)
      #expect(document["process"] as? Int == Int(getpid()) && document["report"] is NSNull)
      let events = try #require(document["events"] as? [[String: Any]])
      #expect((events[0]["event"] as? [String: Int]) == ["wave": 1] && events[1]["event"] as? String == "no JSON")
      #expect(try !JobDocument.line(store.job(id), isSimulated: false, owner: nil).contains("\n"))
    }
  }

  @Test func interruptedJobsAreMentioned() throws {
    let hint = " --fleet \(options.fleet)"
    #expect(InterruptedJobs.words(options) == nil)
    let first = try create()
    #expect(InterruptedJobs.words(options) == nil, "it is about to begin")
    try drive(first) { _ in
      #expect(InterruptedJobs.words(options) == nil, "it is driven")
    }
    #expect(
      InterruptedJobs.words(options)
        == "push-0001 was interrupted; 'fleet jobs resume push-0001\(hint)' goes on with it"
    )
    let renamed = try create(fleet: JobFleet(name: "before", file: options.fleet))
    try drive(renamed) { _ in }
    #expect(InterruptedJobs.words(options)?.hasPrefix("push-0001 was") == true, "another fleet's is not")
    try drive(try create()) { _ in }
    #expect(InterruptedJobs.words(options) == "push-0003 and 1 more were interrupted; 'fleet jobs\(hint)' lists them")
  }

  /// A command goes on with its own work, but what is wrong is told.
  @Test func damagedJobsAreMentioned() throws {
    let other = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: other.path("jobs"), withIntermediateDirectories: true)
    for name in [DemoFolder.marker, "jobs/jobs.sqlite"] {
      try Data("garbage".utf8).write(to: URL(filePath: other.path(name)))
    }
    let options = try FleetOptions.parse(["--fleet", other.path("fleet.yaml")])
    #expect(InterruptedJobs.words(options)?.contains("is damaged or no database") == true)
  }

  @Test func nothingIsOpenedWhereNothingIs() throws {
    let empty = try TemporaryFolder()
    let options = try FleetOptions.parse(["--fleet", empty.path("fleet.yaml")])
    try Data().write(to: URL(filePath: empty.path(DemoFolder.marker)))
    #expect(InterruptedJobs.words(options) == nil)
    #expect(!FileManager.default.fileExists(atPath: empty.path("jobs")))
  }

  @Test func commandsAreMentionedBeforeThatAreAboutAFleet() throws {
    for arguments in [["status"], ["watch"], ["push", "a@1", "--to", "all"], ["undrain", "all"]] {
      #expect(try FleetCommand.parseAsRoot(arguments) is any FleetBound, "\(arguments)")
    }
    for arguments in [["top"], ["jobs"], ["jobs", "show", "1"], ["job", "run", "push-1", "--state", "/x"], ["demo"]] {
      #expect(try !(FleetCommand.parseAsRoot(arguments) is any FleetBound), "\(arguments)")
    }
  }

  @Test func ordersThatMakeNoSenseAreRefused() async throws {
    let id = try create()
    try drive(id) { try $0.end(.failed("no space")) }
    let ordering = JobOrdering(store: store, options: options)
    for kind in [JobRequest.Kind.pause, .resume, .cancel] {
      await #expect(throws: CommandError(.conflict, "push-0001 has ended already: failed: no space")) {
        _ = try await ordering.give(kind, to: store.job(id), by: "ann")
      }
    }
    let interrupted = try create()
    try drive(interrupted) { _ in }
    await #expect(
      throws: CommandError(
        .conflict,
        "push-0002 is interrupted, so there is nothing to pause; 'fleet jobs resume push-0002 --fleet \(options.fleet)' "
          + "goes on with it"
      )
    ) {
      _ = try await ordering.give(.pause, to: store.job(interrupted), by: "ann")
    }
    #expect(try store.requests(of: id).isEmpty && store.requests(of: interrupted).isEmpty)
  }

  @Test func unknownJobsAndKindsAreToldOf() throws {
    _ = try create()
    #expect(throws: CommandError(.notFound, "fleet 'acme' has no job 'psuh-1'; 'fleet jobs' lists them")) {
      _ = try options.job(named: "psuh-1")
    }
    #expect(throws: CommandError(.notFound, "fleet 'acme' has no job 'push-0002'; did you mean 'push-0001'?")) {
      _ = try options.job(named: "push-0002")
    }
    #expect(
      throws: CommandError(.invalid, "this fleet knows no job of kind 'dance'; it was ordered by another version")
    ) {
      _ = try JobKinds.named("dance")
    }
  }

  @Test func logsDoNotGrowWithoutEnd() throws {
    let path = folder.path("log")
    try Data().write(to: URL(filePath: path))
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    let file = FileHandle(fileDescriptor: descriptor)
    for line in 1...200 {
      try file.write(contentsOf: Data("line \(line)\n".utf8))
      JobLog.bound(descriptor, maximum: 500, kept: 100)
    }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.utf8.count <= 500)
    #expect(text.hasPrefix("(what was before is cut off)\nline ") && text.hasSuffix("line 199\nline 200\n"))
    #expect(JobLog.lastLine(path) == "line 200")
    #expect(JobLog.lastLine(folder.path("none")) == nil)
  }
}
