import FleetCore
import NIOCore

/// What became of the calls of one window of time.
struct BenchLedger: Sendable {
  private(set) var answered = LatencyRecorder()
  private(set) var answeredCount = 0
  private(set) var refused = LatencyRecorder()
  private(set) var refusedCount = 0
  private(set) var failedCount = 0
  private(set) var lostCount = 0
  /// The longest that an answered call took, in microseconds.
  private(set) var longest: UInt64 = 0
  /// Calls of an open loop for which no connection was free.
  private(set) var unsentCount = 0
  private(set) var unconnectedCount = 0
  /// The first trouble, as an example.
  private(set) var example: String?

  mutating func record(_ outcome: CallOutcome, took: TimeAmount) {
    let microseconds = UInt64(max(0, took.nanoseconds) + 500) / 1000
    switch outcome {
    case .answered:
      answered.record(microseconds: microseconds)
      answeredCount += 1
      longest = max(longest, microseconds)
    case .refused(let reason):
      refused.record(microseconds: microseconds)
      refusedCount += 1
      example = example ?? reason
    case .failed(let reason):
      failedCount += 1
      example = example ?? reason
    case .lost(let reason):
      lostCount += 1
      example = example ?? reason
    }
  }

  mutating func recordUnsent(_ count: Int) {
    unsentCount += count
  }

  mutating func recordUnconnected(_ reason: String) {
    unconnectedCount += 1
    example = example ?? reason
  }

  var errorCount: Int { refusedCount + failedCount + lostCount + unconnectedCount }
}
