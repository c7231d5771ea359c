import Dispatch
import Foundation
import Synchronization

/// Catches SIGTERM, SIGINT and SIGHUP, so that a command can put away what it started.
final class StopSignals: Sendable {
  private struct State {
    var hasCome = false
    var waiters: [AsyncStream<Never>.Continuation] = []
  }

  // Made once and never touched again but to keep them alive; Dispatch itself does not say that they are Sendable.
  nonisolated(unsafe) private let sources: [any DispatchSourceSignal]
  private let state: SharedState

  private final class SharedState: Sendable {
    let value = Mutex(State())
  }

  init(_ signals: [Int32] = [SIGTERM, SIGINT, SIGHUP]) {
    let state = SharedState()
    self.state = state
    unsafe sources = signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let waiters = state.value.withLock { state in
          defer { state.waiters = [] }
          state.hasCome = true
          return state.waiters
        }
        for waiter in waiters { waiter.finish() }
      }
      source.resume()
      return source
    }
  }

  /// Returns at the first signal, at once when it has come already, or when the task is cancelled.
  func wait() async {
    let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
    state.value.withLock { state in
      if state.hasCome { continuation.finish() } else { state.waiters.append(continuation) }
    }
    for await _ in stream {}
  }
}
