import Glibc
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

    fileprivate mutating func add(_ run: ModelRun) {
      input.add(run.input)
      infer.add(run.infer)
      output.add(run.output)
    }
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
    /// Of the failures, those that were refused and those that their clients withdrew.
    package var rejected: UInt64 = 0
    package var cancelled: UInt64 = 0
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

  /// The model ran once, for so many rows.
  func ran(_ run: ModelRun, rows: Int) {
    let now = Self.milliseconds
    update { counts in
      counts.lastInference = max(counts.lastInference, now)
      counts.executions += 1
      counts.batches[rows, default: Batch()].add(run)
    }
  }

  /// A request of `rows` was answered `total` after it came, having had its share in `run`.
  func succeeded(rows: Int, total: TimeAmount, queue: TimeAmount, _ run: ModelRun) {
    update { counts in
      counts.inferences += UInt64(max(0, rows))
      counts.success.add(total)
      counts.queue.add(queue)
      counts.input.add(run.input)
      counts.infer.add(run.infer)
      counts.output.add(run.output)
    }
  }

  /// A request that was right was refused, withdrawn or failed, so long after it came.
  func failed(after time: TimeAmount, because kind: ServingError.Kind = .failed) {
    update { counts in
      counts.failure.add(time)
      switch kind {
      case .unavailable, .deadlineExceeded: counts.rejected += 1
      case .cancelled: counts.cancelled += 1
      default: break
      }
    }
  }

  /// Unix time.
  private static var milliseconds: UInt64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }

  package func update(_ change: (inout Counts) -> Void) {
    counts.withLock { change(&$0) }
  }
}
