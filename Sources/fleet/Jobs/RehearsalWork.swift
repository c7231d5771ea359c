import FleetCore
import FleetJournal
import Foundation

/// Work that only counts: it goes through all that a job goes through and touches no node. The tests kill it.
struct RehearsalWork: JobWork {
  struct Spec: Codable {
    var steps: Int
    var microseconds: Int
    /// Ends so instead of succeeding.
    var failure: String?
    /// Does not hear that it is to stop.
    var isDeaf = false
  }

  struct Event: Codable, Equatable {
    var step: Int
  }

  struct Report: Codable {
    var done: Int
    var of: Int
    var began: Int
  }

  func run(_ context: JobContext) async -> JobEnd {
    do {
      let spec = try JSONDecoder().decode(Spec.self, from: context.spec)
      let before = try context.events.map { try JSONDecoder().decode(Event.self, from: $0.body).step }
      guard before == before.indices.map({ $0 + 1 }) else { return .failed("its journal has a gap: \(before)") }
      return await counted(spec, from: before.count, context)
    } catch {
      return .failed("not understood: \(JSONText.describe(error))")
    }
  }

  private func counted(_ spec: Spec, from first: Int, _ context: JobContext) async -> JobEnd {
    let wishes = Wishes(context.controls)
    for request in context.standing { await wishes.take(request) }
    let listening = Task { await wishes.listen() }
    defer { listening.cancel() }
    var step = first
    while true {
      let wish = await wishes.state
      if let end = wish.end { return end }
      tell(step, of: spec.steps, began: first, pause: wish.pause, context)
      if Task.isCancelled, !spec.isDeaf { return .interrupted("stopped after step \(step)") }
      if wish.pause == nil {
        if step == spec.steps { return spec.failure.map { .failed($0) } ?? .succeeded("\(step) steps") }
        do {
          try await context.append(JSONEncoder().encode(Event(step: step + 1)))
        } catch {
          return .interrupted("\(error)")
        }
        step += 1
        // What this line says is true even if we are killed with it half written.
        JobLog.raw("on disk: \(step)")
      }
      await pause(spec)
    }
  }

  private func pause(_ spec: Spec) async {
    if spec.isDeaf {
      await Task.detached { try? await Task.sleep(for: .microseconds(spec.microseconds)) }.value
    } else {
      try? await Task.sleep(for: .microseconds(spec.microseconds))
    }
  }

  private func tell(_ step: Int, of steps: Int, began: Int, pause: String?, _ context: JobContext) {
    guard let report = try? JSONEncoder().encode(Report(done: step, of: steps, began: began)) else { return }
    context.tell(JobProgress(report: report, progress: "\(step) of \(steps) steps", pause: pause))
  }

  /// What was asked so far.
  private actor Wishes {
    private let controls: AsyncStream<JobRequest>
    private(set) var state: (pause: String?, end: JobEnd?) = (nil, nil)

    init(_ controls: AsyncStream<JobRequest>) {
      self.controls = controls
    }

    func listen() async {
      for await request in controls { take(request) }
    }

    func take(_ request: JobRequest) {
      switch request.kind {
      case .pause: state.pause = "paused by \(request.orderedBy)"
      case .resume: state.pause = nil
      case .cancel: state.end = .cancelled("by \(request.orderedBy)")
      case .supersede: state.end = .cancelled(request.note)
      case .undo: state.end = .undone("by \(request.orderedBy)")
      case .stop: break
      }
    }
  }
}

extension JobKind {
  static let rehearsal = JobKind(name: "rehearsal", work: { _ in RehearsalWork() })
}
