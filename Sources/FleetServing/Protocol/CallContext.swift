package import NIOCore
import Synchronization

/// What is known of a call besides its content: when it came, until when an answer helps, and whether anybody still waits for it.
package final class CallContext: Sendable {
  private enum State {
    case waiting(onCancel: (@Sendable () -> Void)?)
    case cancelled
  }

  /// When the last byte of the request was read.
  package let received: NIODeadline
  /// The caller gives up then; nil when it did not say.
  package let deadline: NIODeadline?
  private let state = Mutex(State.waiting(onCancel: nil))

  package init(received: NIODeadline, deadline: NIODeadline? = nil) {
    self.received = received
    self.deadline = deadline
  }

  package var isCancelled: Bool {
    state.withLock { if case .cancelled = $0 { true } else { false } }
  }

  /// The caller has hung up or withdrawn its call. May be said again, from any thread.
  package func cancel() {
    let handler = state.withLock { state -> (@Sendable () -> Void)? in
      guard case .waiting(let handler) = state else { return nil }
      state = .cancelled
      return handler
    }
    handler?()
  }

  /// Has `handler` called once when the call is cancelled, at once if it is already. A later handler replaces an earlier one.
  package func onCancel(_ handler: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      guard case .waiting = state else { return true }
      state = .waiting(onCancel: handler)
      return false
    }
    if isCancelled { handler() }
  }
}
