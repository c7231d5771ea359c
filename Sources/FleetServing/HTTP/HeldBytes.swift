import Synchronization

/// Memory that one request takes besides its body, counted with all bodies until it is let go of.
package final class HeldBytes: Sendable {
  static let exhausted = ServingError(.unavailable, "too many requests are on their way here at once")

  /// The most that this request may take.
  let limit: Int
  /// The most that all bodies together may take.
  private let total: Int
  private let census: ConnectionCensus
  private let count = Atomic(0)

  init(_ census: ConnectionCensus, limit: Int, total: Int) {
    self.census = census
    self.limit = limit
    self.total = total
  }

  deinit {
    census.held(-count.load(ordering: .relaxed))
  }

  /// Throws `.tooLarge` when that is more than one request may hold, `.unavailable` when it is more than all together may.
  func hold(_ bytes: Int) throws(ServingError) {
    guard bytes <= limit - count.load(ordering: .relaxed) else {
      throw ServingError(.tooLarge, "the request needs more than \(limit) bytes besides its body")
    }
    guard census.held(bytes) <= total else {
      census.held(-bytes)
      throw Self.exhausted
    }
    count.add(bytes, ordering: .relaxed)
  }
}
