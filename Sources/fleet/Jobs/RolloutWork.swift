import FleetConsole
import FleetCore
import FleetJournal
import FleetTransfer
import Foundation

/// A push as a rollout, in a process of its own.
struct RolloutWork: JobWork {
  /// What the process needs to begin, and to begin again. It never changes, so neither does the plan made of it.
  struct Spec: Codable {
    var version: ModelVersion
    var digest: ModelDigest
    /// Absolute.
    var folder: String
    var strategy: RolloutStrategy
  }

  let options: FleetOptions

  func run(_ context: JobContext) async -> JobEnd {
    do {
      let spec = try JSONDecoder().decode(Spec.self, from: context.spec)
      let model = try LocalModel(folder: spec.folder)
      guard model.manifest.digest == spec.digest else {
        let (wanted, found) = (spec.digest.short, model.manifest.digest.short)
        return .failed("\(spec.folder) does not hold what was ordered any more: expected \(wanted), found \(found)")
      }
      let fleet = try options.definition()
      let nodes = fleet.nodes.filter { context.nodes.contains($0.name) }
      let hours = try StoreHours(spec.strategy.window, of: nodes.map(\.name), in: fleet)
      let pace = TransferPace(TransferLimits(spec.strategy), hours: { hours[$0] }, leavesWhenClosed: true)
      return try await Connections.with(nodes, options: options, fleet: fleet) { agents in
        await drive(spec, model, AgentDirectory(agents), nodes.map(\.name), pace, context)
      }
    } catch let error as DecodingError {
      return .failed("its specification is not understood: \(JSONText.describe(error))")
    } catch {
      return Task.isCancelled ? .interrupted("stopped") : .failed("\(error)")
    }
  }

  private func drive(
    _ spec: Spec,
    _ model: LocalModel,
    _ agents: AgentDirectory,
    _ nodes: [NodeName],
    _ pace: TransferPace,
    _ context: JobContext
  ) async -> JobEnd {
    let plan = RolloutPlan(
      id: context.job.id.description,
      version: spec.version,
      digest: spec.digest,
      nodes: nodes,
      strategy: spec.strategy,
      orderedBy: context.job.orderedBy
    )
    let journal = Journal(context: context)
    do {
      var past = try context.events.map { try JSONDecoder().decode(Entry.self, from: $0.body) }
      // What has ended listens to nobody any more: to be undone it must be told before it begins again.
      if let undo = context.standing.first(where: { $0.kind == .undo }), Self.hasEnded(plan, past) {
        let now = Date.now.timeIntervalSince1970
        let entry = Entry(event: .control(RolloutControl(.undo, by: undo.orderedBy)), seconds: now)
        try await journal.append(entry.event, at: entry.seconds)
        past.append(entry)
      }
      let job = RolloutJob(
        plan: plan,
        model: model,
        agents: agents,
        replaying: past.map { ($0.event, $0.seconds) },
        journal: journal,
        controls: Self.controls(context.controls),
        pace: pace
      )
      return Self.end(of: await job.run { Self.tell($0, context) })
    } catch {
      return .failed("its journal is not understood: \(error)")
    }
  }

  private static func hasEnded(_ plan: RolloutPlan, _ past: [Entry]) -> Bool {
    RolloutReport(RolloutMachine(plan, replaying: past.map { ($0.event, $0.seconds) })).isEnded
  }

  private static func tell(_ report: RolloutReport, _ context: JobContext) {
    guard let data = try? JSONEncoder().encode(report) else { return }
    let wait = report.opens == nil ? "" : ", \(report.reason)"
    let progress = "\(report.settled) of \(report.nodes) nodes\(wait)"
    context.tell(JobProgress(report: data, progress: progress, pause: report.state == "paused" ? report.reason : nil))
  }

  private static func end(of report: RolloutReport) -> JobEnd {
    if let problem = report.problem { return .interrupted(problem) }
    switch report.state {
    case "succeeded": return .succeeded(report.reason)
    case "cancelled": return .cancelled(report.reason)
    case "undone": return .undone(report.reason)
    case "failed": return .failed(report.reason)
    // Nobody may take it for done: it names nodes that it has not reached.
    case "incomplete": return .failed("incomplete: \(report.reason)")
    default: return .interrupted("stopped while \(report.state)")
    }
  }

  private static func controls(_ requests: AsyncStream<JobRequest>) -> AsyncStream<RolloutControl> {
    AsyncStream { continuation in
      let listening = Task {
        for await request in requests {
          if let control = RolloutControl(request) { continuation.yield(control) }
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in listening.cancel() }
    }
  }

  /// One event as it lies in the journal.
  private struct Entry: Codable {
    var event: RolloutEvent
    var seconds: Double
  }

  private struct Journal: RolloutJournal {
    let context: JobContext

    func append(_ event: RolloutEvent, at seconds: Double) async throws {
      try await context.append(try JSONEncoder().encode(Entry(event: event, seconds: seconds)))
    }
  }
}

extension RolloutControl {
  /// A rollout that a newer one supersedes ends as one that is cancelled does: what is on probation goes back.
  fileprivate init?(_ request: JobRequest) {
    switch request.kind {
    case .pause: self.init(.pause, by: request.orderedBy)
    case .resume: self.init(.resume, by: request.orderedBy)
    case .cancel: self.init(.cancel, by: request.orderedBy)
    case .supersede: self.init(.cancel, by: request.note)
    case .undo: self.init(.undo, by: request.orderedBy)
    case .stop: return nil
    }
  }
}

extension JobKind {
  static let rollout = JobKind(
    name: "push",
    work: { RolloutWork(options: $0) },
    lines: { data in (try? JSONDecoder().decode(RolloutReport.self, from: data))?.lines ?? JobText.plain(data) }
  )
}
