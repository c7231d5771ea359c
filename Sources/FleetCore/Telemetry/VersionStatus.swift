/// One version as it is served, and what it has done, split as Triton's statistics are. All counts are cumulative.
package struct VersionStatus: Sendable, Equatable, Codable {
  package var version: ModelVersion
  package var digest: ModelDigest
  /// Whether it answers to callers that name no version.
  package var isActive: Bool
  package var counts: VersionCounts

  package init(
    version: ModelVersion,
    digest: ModelDigest,
    isActive: Bool,
    counts: VersionCounts = VersionCounts()
  ) {
    self.version = version
    self.digest = digest
    self.isActive = isActive
    self.counts = counts
  }
}

package struct VersionCounts: Sendable, Equatable, Codable {
  /// How often, and how long together.
  package struct Sum: Sendable, Equatable, Codable {
    package var count: UInt64
    package var nanoseconds: UInt64

    package init(count: UInt64 = 0, nanoseconds: UInt64 = 0) {
      self.count = count
      self.nanoseconds = nanoseconds
    }
  }

  /// Rows computed: one request of 8 rows counts 8.
  package var inferences: UInt64 = 0
  /// Runs of the model: 8 requests in one batch count 1.
  package var executions: UInt64 = 0
  /// By request.
  package var success = Sum()
  package var failure = Sum()
  /// Of the failures, requests that were refused.
  package var rejected: UInt64 = 0
  /// Of the failures, requests that their clients withdrew.
  package var cancelled: UInt64 = 0
  package var queue = Sum()
  package var input = Sum()
  package var infer = Sum()
  package var output = Sum()

  package init() {}

  /// Counts of both.
  package func adding(_ other: VersionCounts) -> VersionCounts {
    var sum = self
    sum.inferences += other.inferences
    sum.executions += other.executions
    sum.rejected += other.rejected
    sum.cancelled += other.cancelled
    for path in Self.sums {
      sum[keyPath: path].count += other[keyPath: path].count
      sum[keyPath: path].nanoseconds += other[keyPath: path].nanoseconds
    }
    return sum
  }

  private static var sums: [WritableKeyPath<VersionCounts, Sum>] {
    [\.success, \.failure, \.queue, \.input, \.infer, \.output]
  }
}
