/// What a version of a model does to the box that serves it, so that gates have something to find.
///
/// The numbers 1 to 4 are what `Tests/Fixtures/models` says of them: decent, more accurate, slow, wrong. The slow one is 3.5 times
/// as slow here and not 48 times: a simulated box is near its limits, and would answer nothing any more.
package struct VersionTraits: Sendable, Equatable {
  /// Time to compute, as a multiple of the first version's.
  package var slowness: Double
  /// Energy of one inference, as a multiple of what the time alone would cost.
  package var hunger: Double
  package var golden: GoldenResult

  package static func of(_ version: ModelVersion) -> VersionTraits {
    switch version.number {
    case 1: VersionTraits(slowness: 1, hunger: 1, golden: GoldenResult(right: 276, total: 300))
    case 3: VersionTraits(slowness: 3.5, hunger: 1, golden: GoldenResult(right: 294, total: 300))
    case 4: VersionTraits(slowness: 1, hunger: 1, golden: GoldenResult(right: 30, total: 300))
    // There is no such fixture; whoever pushes a version 5 sees one that needs more energy for the same work.
    case 5: VersionTraits(slowness: 1, hunger: 1.8, golden: GoldenResult(right: 293, total: 300))
    default: VersionTraits(slowness: 1, hunger: 1, golden: GoldenResult(right: 292, total: 300))
    }
  }
}
