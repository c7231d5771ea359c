import Synchronization

/// What the shoppers have seen, from their side of the counter.
struct TrafficCounts: Sendable, Equatable, Codable {
  /// Requests begun.
  var sent: UInt64 = 0
  /// Requests answered, right or wrong.
  var answered: UInt64 = 0
  /// Requests that no node of the store answered in time.
  var lost: UInt64 = 0
  /// Answers that are not what the version they name makes of the image.
  var wrong: UInt64 = 0
  /// Times that a shopper went to the sibling because a node refused or broke off.
  var failovers: UInt64 = 0
  /// Of those, requests cut off after they were sent: in flight on an engine that died.
  var cut: UInt64 = 0
}

/// Counts of all shoppers together.
final class TrafficLedger: Sendable {
  private let counts = Mutex(TrafficCounts())

  var snapshot: TrafficCounts { counts.withLock { $0 } }

  func record(_ change: @Sendable (inout TrafficCounts) -> Void) {
    counts.withLock { change(&$0) }
  }
}
