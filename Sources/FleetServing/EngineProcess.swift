import Dispatch
import Glibc
import NIOCore

/// The process that serves a node's models, under its agent.
package enum EngineProcess {
  /// How long requests in flight may take after SIGTERM.
  private static let stopDeadline: Duration = .seconds(5)

  /// Serves until the agent is gone (its end of the control socket closes), then returns at once; or until SIGTERM, then
  /// returns when requests in flight are answered. Throws when a socket cannot be used.
  ///
  /// The caller should end the process with `_exit`: a runtime's own threads may still be at work.
  package static func run(_ options: EngineOptions) async throws {
    // A client that closes its connection early must not end the process.
    signal(SIGPIPE, SIG_IGN)
    let engine = try await Engine.start(options, limits: HTTPLimits(options.limits)) {
      try OpenVINOEngine(
        searchPath: options.librarySearchPath,
        device: options.device,
        cacheDirectory: options.cacheDirectory
      )
    }
    let end = AsyncStream<Ending>.makeStream()
    engine.agentGone.whenComplete { _ in end.continuation.yield(.agentGone) }
    let signals = terminationSignal { end.continuation.yield(.asked) }
    defer { signals.cancel() }
    for await ending in end.stream {
      if ending == .asked { await engine.stop(within: stopDeadline) }
      return
    }
  }

  private enum Ending: Sendable {
    case agentGone
    case asked
  }

  private static func terminationSignal(_ handler: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
    // The default action would end the process before a source hears of it.
    signal(SIGTERM, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
    source.setEventHandler(handler: handler)
    source.resume()
    return source
  }
}
