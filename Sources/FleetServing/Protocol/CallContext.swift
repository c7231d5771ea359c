import FleetWire
package import NIOCore
import Synchronization

/// What is known of a call besides its content: who sent it and when, until when an answer helps, whether anybody still waits for it,
/// and who is at work on it.
package final class CallContext: Sendable {
  typealias Cut = @Sendable (_ patience: TimeAmount) -> EventLoopFuture<EngineCut.Outcome>

  /// Who answers a call that takes longer than a moment.
  private enum Answerer {
    case here(cut: Cut)
    case sibling
  }

  private struct State {
    var isCancelled = false
    var onCancel: (@Sendable () -> Void)?
    var answerer: Answerer?
  }

  /// When the last byte of the request was read.
  package let received: NIODeadline
  /// The caller gives up then; nil when it did not say.
  package let deadline: NIODeadline?
  package let client: SocketAddress?
  private let state = Mutex(State())

  package init(received: NIODeadline, deadline: NIODeadline? = nil, client: SocketAddress? = nil) {
    self.received = received
    self.deadline = deadline
    self.client = client
  }

  package var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// The caller has hung up or withdrawn its call. May be said again, from any thread.
  package func cancel() {
    let handler = state.withLock { state in
      defer {
        state.isCancelled = true
        state.onCancel = nil
      }
      return state.onCancel
    }
    handler?()
  }

  /// Has `handler` called once when the call is cancelled, at once if it is already. A later handler replaces an earlier one.
  package func onCancel(_ handler: @escaping @Sendable () -> Void) {
    let isCancelled = state.withLock { state in
      if !state.isCancelled { state.onCancel = handler }
      return state.isCancelled
    }
    if isCancelled { handler() }
  }

  // MARK: Who answers

  /// Whether its answer is awaited, from here or from a sibling.
  var isAwaited: Bool { state.withLock { $0.answerer != nil } }

  var isHandedOn: Bool {
    state.withLock { if case .sibling = $0.answerer { true } else { false } }
  }

  /// This engine is at work on it; `cut` has it answered otherwise, on the call's event loop, once.
  func isAnsweredHere(cut: @escaping Cut) {
    state.withLock { $0.answerer = .here(cut: cut) }
  }

  /// The work of this engine on it is over.
  func isAnswered() {
    state.withLock { $0.answerer = nil }
  }

  func isAnsweredBySibling() {
    state.withLock { $0.answerer = .sibling }
  }

  /// What becomes of the call when it is cut off now, and siblings get `patience` to answer it instead; nil when there is nothing to cut. On the
  /// call's event loop.
  func cut(within patience: TimeAmount) -> EventLoopFuture<EngineCut.Outcome>? {
    let cut = state.withLock { state -> Cut? in
      guard case .here(let cut) = state.answerer else { return nil }
      state.answerer = .sibling
      return cut
    }
    return cut?(patience)
  }
}
