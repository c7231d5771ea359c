internal import FleetCore

/// Looks at what a node says of itself, not at what was ordered.
enum Verification {
  static let deadline = Duration.seconds(30)

  /// Waits until a frame says that the node has that version loaded and its engine serves. Throws `.unusable` or `.timeout`.
  static func serving(_ version: ModelVersion, digest: ModelDigest?, on agent: any NodeAgent) async throws(CommandError)
  {
    try await Deadline.run(deadline, "waiting for \(agent.name) to serve \(version)") { () async throws(CommandError) in
      try await watch(agent, every: .milliseconds(200)) { frame in
        frame.engine.state == .serving
          && frame.models.contains {
            $0.name == version.name && $0.version == version.number && (digest == nil || $0.digest == digest)
          }
      }
    }
  }

  /// Reads frames until one satisfies `condition`; a broken stream is opened again.
  static func watch(
    _ agent: any NodeAgent,
    every interval: Duration,
    until condition: @Sendable (Frame) -> Bool
  ) async throws(CommandError) {
    var backoff = Backoff()
    while !Task.isCancelled {
      do {
        for try await frame in agent.frames(FrameRequest(interval: interval)) where condition(frame) { return }
      } catch {
        // The deadline around this decides when to give up.
      }
      try? await Task.sleep(for: backoff.delay())
    }
    throw CommandError(.timeout, "stopped watching \(agent.name)")
  }
}
