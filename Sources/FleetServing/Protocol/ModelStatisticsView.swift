import FleetCore

/// What a version has done, in the terms of Triton's statistics extension. Times are in nanoseconds.
package struct ModelStatisticsView: Sendable, Equatable {
  package typealias Sum = VersionStatistics.Sum

  package struct Batch: Sendable, Equatable {
    package var size: Int
    package var input: Sum
    package var infer: Sum
    package var output: Sum
  }

  package var name: String
  package var version: Int
  package var counts: VersionStatistics.Counts
  /// By rows of an execution, the smallest first.
  package var batches: [Batch]

  package init(_ served: ServedVersion) {
    name = served.version.name
    version = served.version.number
    counts = served.statistics.current
    batches = counts.batches.sorted { $0.key < $1.key }
      .map { Batch(size: $0.key, input: $0.value.input, infer: $0.value.infer, output: $0.value.output) }
  }
}
