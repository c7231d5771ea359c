internal import FleetCore
internal import Synchronization

/// Looks at what a node says of itself, not at what was ordered.
enum Verification {
  static let deadline = Duration.seconds(30)

  /// Waits until a frame says that the node has that version loaded and its engine serves. Throws as `watch` does.
  static func serving(_ version: ModelVersion, digest: ModelDigest?, on agent: any NodeAgent) async throws(CommandError)
  {
    let what = "waiting for \(agent.name) to serve \(version)"
    try await watch(agent, every: .milliseconds(200), limit: deadline, what) { frame in
      let isLoaded = frame.models.contains {
        $0.name == version.name && $0.version == version.number && (digest == nil || $0.digest == digest)
      }
      return frame.engine.state == .serving && isLoaded ? .success(()) : nil
    }
  }

  /// Reads frames until `verdict` has one; a broken stream is opened again. After `limit` it throws what stood in the way
  /// last: `.unreachable` for the link, `.failed` for the engine, `.timeout` when neither is known to be at fault.
  static func watch(
    _ agent: any NodeAgent,
    every interval: Duration,
    limit: Duration,
    _ what: String,
    verdict: @escaping @Sendable (Frame) -> Result<Void, CommandError>?
  ) async throws(CommandError) {
    let trouble = LastTrouble()
    do throws(CommandError) {
      try await Deadline.run(limit, what) { () async throws(CommandError) in
        try await look(at: agent, every: interval, trouble, verdict)
      }
    } catch {
      guard error.code == .timeout, let last = trouble.error else { throw error }
      throw CommandError(last.code, "\(error.message); \(last.message)")
    }
  }

  private static func look(
    at agent: any NodeAgent,
    every interval: Duration,
    _ trouble: LastTrouble,
    _ verdict: @Sendable (Frame) -> Result<Void, CommandError>?
  ) async throws(CommandError) {
    var backoff = Backoff()
    while !Task.isCancelled {
      var result: Result<Void, CommandError>?
      do {
        for try await frame in agent.frames(FrameRequest(interval: interval)) {
          trouble.note(frame)
          result = verdict(frame)
          if result != nil { break }
        }
      } catch {
        // The deadline around this decides when to give up.
        trouble.note(error)
      }
      if let result { return try result.get() }
      try? await Task.sleep(for: backoff.delay())
    }
    throw CommandError(.conflict, "stopped watching \(agent.name)")
  }
}

/// What last kept a node from what it should do, for the message when time is up.
private final class LastTrouble: Sendable {
  private let last = Mutex<CommandError?>(nil)

  var error: CommandError? { last.withLock { $0 } }

  func note(_ frame: Frame) {
    let engine = frame.engine
    let isWell = engine.state == .serving || engine.state == .idle
    let why = engine.problem.map { ": \($0)" } ?? ""
    let new = isWell ? nil : CommandError(.failed, "its engine is \(engine.state.rawValue)\(why)")
    last.withLock { $0 = new }
  }

  func note(_ error: any Error) {
    let message = (error as? CommandError)?.message ?? "\(error)"
    last.withLock { $0 = CommandError(.unreachable, "the last word of the link: \(message)") }
  }
}
