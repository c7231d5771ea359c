import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import Foundation
import Synchronization

/// The fleet's jobs for the screen. All that touches the disk happens on a queue of its own, and nobody waits for longer than a
/// bound: a disk that hangs delays no key.
final class JobsOnDisk: JobCatalog {
  private static let readLimit = Duration.seconds(3)
  /// How long a process may take to begin or to hear, and a little more.
  private static let orderLimit = Duration.seconds(40)
  /// Reports of ended jobs that one reading takes in: the rest follow with the next ones.
  private static let reportsAtOnce = 8

  /// What was made of a job's report, and of which.
  private struct Known {
    var state: JobState
    var reported: Date?
    var summary: ListedJob.Summary?
  }

  /// The report of the job that is open: of a large fleet it is not read again every second without need.
  private struct Open {
    var id: JobID
    var reported: Date?
    var report: RolloutReport?
  }

  private let options: FleetOptions
  private let fleet: FleetDefinition
  private let person: String
  private let reading = QueueExecutor("fleet.jobs.reading")
  private let ordering = QueueExecutor("fleet.jobs.ordering")
  private let isReading = Mutex(false)
  private let store = Mutex<JobStore?>(nil)
  private let known = Mutex<[JobID: Known]>([:])
  private let open = Mutex<Open?>(nil)

  init(options: FleetOptions, fleet: FleetDefinition, person: String) {
    self.options = options
    self.fleet = fleet
    self.person = person
  }

  /// A demo's: its certificates lie beside its file.
  convenience init(ofDemo file: String, fleet: FleetDefinition) throws {
    self.init(options: try FleetOptions.parse(["--fleet", file]), fleet: fleet, person: NSUserName())
  }

  func read(page: String?) async throws(CommandError) -> JobReading {
    let isFree = isReading.withLock { isReading in
      defer { isReading = true }
      return !isReading
    }
    guard isFree else { throw CommandError(.timeout, "the disk with the jobs does not answer") }
    return try await reading.bounded(Self.readLimit, "reading the jobs") { [self] in
      defer { isReading.withLock { $0 = false } }
      return try everything(page: page)
    }
  }

  func ask(_ wish: JobWish, of job: String) async throws(CommandError) -> String {
    try await ordering.bounded(Self.orderLimit, "asking \(job)") { [self] in
      guard let store = try opened(), let id = JobID(job), let kind = JobRequest.Kind(wish) else {
        throw CommandError(.notFound, "no job '\(job)'")
      }
      let words = try await JobOrdering(store: store, options: options).give(kind, to: try store.job(id), by: person)
      // What follows tells how to follow it from the command line.
      return String(words.prefix { $0 != ";" })
    }
  }

  func order(_ push: PushOrder) async throws(CommandError) -> OrderedJob {
    try await ordering.bounded(Self.orderLimit, "ordering the push") { [self] in
      let store = try options.openJobs()
      let title = "push \(push.model.version) to \(push.target)"
      let order = try RolloutOrder(push.model, to: push.nodes, push.strategy, title: title, in: fleet)
      let created = try await order.record(in: store, options, fleet, by: person)
      return OrderedJob(id: created.job.id.description, superseded: created.superseded.map(\.description))
    }
  }

  private func everything(page: String?) throws -> JobReading {
    guard let store = try opened() else { return JobReading(jobs: []) }
    let stored = try store.jobs(of: options.jobFleet(fleet))
    var budget = Self.reportsAtOnce
    var reports: [JobID: RolloutReport] = [:]
    for job in stored where isNews(job) {
      guard !job.state.isEnded || budget > 0 else { continue }
      if job.state.isEnded { budget -= 1 }
      let report = try report(of: job, in: store)
      reports[job.id] = report
      let news = Known(state: job.state, reported: job.reported, summary: report.map(ListedJob.Summary.init))
      known.withLock { $0[job.id] = news }
    }
    let ids = Set(stored.map(\.id))
    let known = known.withLock { known in
      known = known.filter { ids.contains($0.key) }
      return known
    }
    let jobs = stored.map { ListedJob($0, summary: known[$0.id]?.summary) }
    guard let page, let job = stored.first(where: { $0.id.description == page }) else { return JobReading(jobs: jobs) }
    return JobReading(jobs: jobs, page: try self.page(job, known[job.id]?.summary, reports[job.id], in: store))
  }

  private func isNews(_ job: StoredJob) -> Bool {
    known.withLock { known in
      guard let old = known[job.id] else { return true }
      return old.state != job.state || old.reported != job.reported
    }
  }

  /// Nil for other kinds of jobs, and for what another version of `fleet` has written.
  private func report(of job: StoredJob, in store: JobStore) throws -> RolloutReport? {
    guard job.id.kind == JobKind.rollout.name, let data = try store.report(of: job.id) else { return nil }
    return try? JSONDecoder().decode(RolloutReport.self, from: data)
  }

  private func page(
    _ job: StoredJob,
    _ summary: ListedJob.Summary?,
    _ report: RolloutReport?,
    in store: JobStore
  ) throws -> JobPage {
    let same = open.withLock { $0.flatMap { $0.id == job.id && $0.reported == job.reported ? $0.report : nil } }
    let report = try report ?? same ?? self.report(of: job, in: store)
    open.withLock { $0 = Open(id: job.id, reported: job.reported, report: report) }
    var lines: [String] = []
    if report == nil, let data = try store.report(of: job.id) {
      lines = (try? JobKinds.named(job.id.kind).lines(data)) ?? JobText.plain(data)
    }
    let standing = Set(try store.standingRequests(of: job.id).map(\.number))
    let requests = job.state.isEnded ? [] : try store.requests(of: job.id)
    return JobPage(
      job: ListedJob(job, summary: summary),
      report: report,
      lines: lines,
      process: store.owner(of: job.id)?.description,
      asked: requests.filter { $0.acknowledged == nil || standing.contains($0.number) }.map { request in
        JobPage.Asked(
          kind: request.kind.rawValue,
          by: request.orderedBy,
          time: request.time,
          isHeard: request.acknowledged != nil
        )
      }
    )
  }

  private func opened() throws(CommandError) -> JobStore? {
    if let store = store.withLock({ $0 }) { return store }
    let opened = try options.existingJobs()
    store.withLock { $0 = opened }
    return opened
  }
}

extension JobRequest.Kind {
  init?(_ wish: JobWish) { self.init(rawValue: wish.rawValue) }
}

extension ListedJob {
  init(_ job: StoredJob, summary: Summary?) {
    self.init(
      id: job.id.description,
      title: job.title,
      // The two are the same words; a test compares them.
      state: State(rawValue: job.state.rawValue) ?? .failed,
      reason: job.reason,
      progress: job.progress,
      orderedBy: job.orderedBy,
      created: job.created,
      changed: job.changed,
      reported: job.reported,
      summary: summary
    )
  }
}
