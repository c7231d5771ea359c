/// Lets so many nodes be dialled at a time: thousands of handshakes at once would all take longer than any of them may.
package actor DialGate {
  package static let defaultWidth = 64

  private var free: Int
  private var next = 0
  private var waiting: [(id: Int, turn: AsyncStream<Never>.Continuation)] = []

  package init(width: Int = defaultWidth) {
    free = max(1, width)
  }

  /// Returns when it is the caller's turn, or at once when its task is cancelled; `leave` must follow either way.
  package func enter() async {
    guard free <= 0 else {
      free -= 1
      return
    }
    let id = next
    next += 1
    let (stream, turn) = AsyncStream.makeStream(of: Never.self)
    waiting.append((id, turn))
    for await _ in stream {}
    // Whoever was cancelled before its turn goes in out of turn, and leaves right after.
    if let index = waiting.firstIndex(where: { $0.id == id }) {
      waiting.remove(at: index)
      free -= 1
    }
  }

  package func leave() {
    free += 1
    while free > 0, !waiting.isEmpty {
      free -= 1
      waiting.removeFirst().turn.finish()
    }
  }
}
