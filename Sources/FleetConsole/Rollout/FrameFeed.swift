internal import FleetCore
internal import Synchronization

/// Reads one node's frames until somebody has seen enough. A stream that breaks is opened again; silence ends it.
enum FrameFeed {
  /// Gives each frame to `verdict` until that has one. Throws `.unreachable` when there was no frame for `silence`, with the last
  /// word of the link, and `.conflict` when the task is cancelled.
  static func watch<Value: Sendable>(
    _ agent: any NodeAgent,
    every interval: Duration,
    history: Int = 0,
    silence: Duration,
    _ verdict: @escaping @Sendable (Frame) -> Value?
  ) async throws(CommandError) -> Value {
    let ear = Ear()
    let result = await withTaskGroup(of: Result<Value, CommandError>.self) { group in
      group.addTask { await read(agent, interval, history, ear, verdict) }
      group.addTask { await waitForSilence(of: agent, silence, ear) }
      let first = await group.next()
      group.cancelAll()
      return first
    }
    guard let result else { throw CommandError(.conflict, "stopped watching \(agent.name)") }
    return try result.get()
  }

  private static func read<Value: Sendable>(
    _ agent: any NodeAgent,
    _ interval: Duration,
    _ history: Int,
    _ ear: Ear,
    _ verdict: @Sendable (Frame) -> Value?
  ) async -> Result<Value, CommandError> {
    var backoff = Backoff()
    while !Task.isCancelled {
      do {
        for try await frame in agent.frames(FrameRequest(interval: interval, history: history)) {
          ear.hear()
          backoff.reset()
          if let value = verdict(frame) { return .success(value) }
        }
        ear.note("the agent ended the stream")
      } catch {
        ear.note((error as? CommandError)?.message ?? "\(error)")
      }
      try? await Task.sleep(for: backoff.delay())
    }
    return .failure(CommandError(.conflict, "stopped watching \(agent.name)"))
  }

  private static func waitForSilence<Value: Sendable>(
    of agent: any NodeAgent,
    _ silence: Duration,
    _ ear: Ear
  ) async -> Result<Value, CommandError> {
    while !Task.isCancelled {
      let left = silence - ear.quiet
      guard left > .zero else {
        let last = ear.trouble.map { "; the last word of the link: \($0)" } ?? ""
        return .failure(CommandError(.unreachable, "no frame for \(Quantity.text(silence))\(last)"))
      }
      try? await Task.sleep(for: left)
    }
    return .failure(CommandError(.conflict, "stopped watching \(agent.name)"))
  }
}

/// When a frame was last heard, and what was wrong since.
private final class Ear: Sendable {
  private let state = Mutex((heard: ContinuousClock.now, trouble: String?.none))

  var quiet: Duration { state.withLock { $0.heard.duration(to: .now) } }
  var trouble: String? { state.withLock { $0.trouble } }

  func hear() { state.withLock { $0 = (.now, nil) } }
  func note(_ trouble: String) { state.withLock { $0.trouble = trouble } }
}
