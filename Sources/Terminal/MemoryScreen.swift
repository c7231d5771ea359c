internal import Synchronization

/// A screen for tests: keeps what was drawn.
package final class MemoryScreen: Screen, Sendable {
  private struct State {
    var size: Size
    var last: Buffer?
    var draws = 0
    var isClosed = false
  }

  private let state: Mutex<State>

  package init(size: Size) {
    state = Mutex(State(size: size))
  }

  package var depth: ColorDepth { .rgb }
  package var size: Size { state.withLock(\.size) }
  package var last: Buffer? { state.withLock(\.last) }
  package var draws: Int { state.withLock(\.draws) }
  package var isClosed: Bool { state.withLock(\.isClosed) }

  package func draw(_ buffer: Buffer) {
    state.withLock {
      $0.last = buffer
      $0.draws += 1
    }
  }

  /// What a user does with the mouse; the test sends `.resized` as well.
  package func setSize(_ size: Size) { state.withLock { $0.size = size } }
  package func resize() {}
  package func close() { state.withLock { $0.isClosed = true } }
}
