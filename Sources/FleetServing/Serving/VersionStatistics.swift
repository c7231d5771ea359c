package import NIOCore
import Synchronization

/// What one loaded version has done, as Triton's statistics extension splits it.
package final class VersionStatistics: Sendable {
  /// How often, and how long together.
  package struct Sum: Sendable, Equatable {
    package var count: UInt64 = 0
    package var nanoseconds: UInt64 = 0

    package mutating func add(_ time: TimeAmount, count more: UInt64 = 1) {
      count += more
      nanoseconds += UInt64(max(0, time.nanoseconds)) &* more
    }
  }

  /// Executions that computed so many rows.
  package struct Batch: Sendable, Equatable {
    package var input = Sum()
    package var infer = Sum()
    package var output = Sum()
  }

  package struct Counts: Sendable, Equatable {
    /// When the last inference began, as Unix time in milliseconds; 0 before the first.
    package var lastInference: UInt64 = 0
    /// Rows computed: one request of 8 rows counts 8.
    package var inferences: UInt64 = 0
    /// Runs of the model: 8 requests in one batch count 1.
    package var executions: UInt64 = 0
    /// By request.
    package var success = Sum()
    package var failure = Sum()
    package var queue = Sum()
    package var input = Sum()
    package var infer = Sum()
    package var output = Sum()
    /// By rows of an execution.
    package var batches: [Int: Batch] = [:]

    package init() {}
  }

  private let counts = Mutex(Counts())

  package init() {}

  package var current: Counts { counts.withLock { $0 } }

  package func update(_ change: (inout Counts) -> Void) {
    counts.withLock { change(&$0) }
  }
}
