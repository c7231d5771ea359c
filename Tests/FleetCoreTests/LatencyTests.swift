import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct LatencyTests {
  private typealias Bucket = LatencyHistogram.Bucket
  private let percentiles = [0, 1, 10, 50, 90, 95, 99, 99.9, 100]

  @Test func nothingRecordedHasNoPercentile() {
    #expect(LatencyHistogram().milliseconds(atPercentile: 50) == nil)
    #expect(LatencyRecorder().snapshot == LatencyHistogram())
    #expect(LatencyHistogram().isEmpty)
    #expect(LatencyHistogram().count == 0)
  }

  @Test func percentilesAreWithinOnePercentOfTheSortedValues() throws {
    var random = SeededRandom()
    for _ in 0..<30 {
      let values = randomValues(count: Int.random(in: 1...3000, using: &random), &random)
      let sorted = values.sorted()
      let histogram = recorded(values)
      #expect(histogram.count == UInt64(values.count))
      for percentile in percentiles {
        let rank = max(1, Int((percentile / 100 * Double(values.count)).rounded(.up)))
        let exact = Double(sorted[rank - 1]) / 1000
        let shown = try #require(histogram.milliseconds(atPercentile: percentile))
        #expect(shown >= exact && shown - exact < 0.01 * exact, "p\(percentile), seed \(random.seed)")
      }
    }
  }

  @Test func mergingIsAsIfOneNodeHadSeenAll() {
    var random = SeededRandom()
    for _ in 0..<30 {
      let parts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        randomValues(count: Int.random(in: 0...800, using: &random), &random)
      }
      let merged = parts.map(recorded).reduce(LatencyHistogram()) { $0.merged(with: $1) }
      let whole = recorded(parts.flatMap { $0 })
      #expect(merged == whole, "seed \(random.seed)")
      for percentile in percentiles {
        #expect(merged.milliseconds(atPercentile: percentile) == whole.milliseconds(atPercentile: percentile))
      }
    }
  }

  @Test func sinceIsWhatCameAfterwards() {
    var random = SeededRandom()
    for _ in 0..<30 {
      let before = randomValues(count: Int.random(in: 0...500, using: &random), &random)
      let after = randomValues(count: Int.random(in: 0...500, using: &random), &random)
      let earlier = recorded(before)
      let later = recorded(before + after)
      #expect(later.since(earlier) == recorded(after), "seed \(random.seed)")
      #expect(later.since(later) == LatencyHistogram())
      #expect(later.since(LatencyHistogram()) == later)
    }
  }

  @Test(
    arguments: [
      ([1000], [1000, 1000], "a count went down"),
      ([1000], [2000], "a bucket above is gone"),
      ([2000], [1000], "a bucket below is gone"),
      ([], [1000], "all is gone"),
      ([1000, 3000], [1000, 2000, 3000], "a bucket between is gone"),
    ] as [([UInt64], [UInt64], String)]
  )
  func sinceSeesThatTheEngineBeganAnew(_ now: [UInt64], _ earlier: [UInt64], _ why: String) {
    #expect(recorded(now).since(recorded(earlier)) == nil, "\(why)")
  }

  @Test func extremesAreHeldWithinTheRange() throws {
    let lowest = try #require(recorded([0]).milliseconds(atPercentile: 50))
    let highest = try #require(recorded([.max]).milliseconds(atPercentile: 50))
    #expect(lowest == 0.001)
    #expect(highest >= 600_000 && highest < 606_000)
    #expect(recorded([0, 1, 600_000_000, .max]).count == 4)
  }

  @Test func bucketsMayComeInAnyOrderTwiceAndEmpty() {
    let histogram = LatencyHistogram([
      Bucket(microseconds: 30, count: 1), Bucket(microseconds: 10, count: 2), Bucket(microseconds: 20, count: 0),
      Bucket(microseconds: 30, count: 4),
    ])
    #expect(histogram.buckets == [Bucket(microseconds: 10, count: 2), Bucket(microseconds: 30, count: 5)])
    #expect(histogram.milliseconds(atPercentile: 28) == 0.01)
    #expect(histogram.milliseconds(atPercentile: 29) == 0.03)
  }

  @Test func hostileBucketsNeitherTrapNorWrap() {
    let hostile = [
      Bucket(microseconds: .max, count: .max), Bucket(microseconds: 0, count: .max), Bucket(microseconds: 0, count: 7),
    ]
    let histogram = LatencyHistogram(hostile)
    #expect(histogram.count == .max)
    #expect(histogram.milliseconds(atPercentile: 50) == 0)
    #expect(histogram.milliseconds(atPercentile: 100) != nil)
    #expect(histogram.merged(with: histogram).count == .max)
    #expect(histogram.since(histogram) == LatencyHistogram())
    for percentile: Double in [-1, 101, .infinity, -1e300, .nan] {
      #expect(histogram.milliseconds(atPercentile: percentile) != nil)
    }
  }

  @Test func decodingSortsWhatTheSenderDidNot() throws {
    let json = """
      {"buckets":[{"microseconds":30,"count":1},{"microseconds":10,"count":2},{"microseconds":30,"count":0}]}
      """
    let histogram = try JSONDecoder().decode(LatencyHistogram.self, from: Data(json.utf8))
    #expect(histogram.buckets == [Bucket(microseconds: 10, count: 2), Bucket(microseconds: 30, count: 1)])
    let again = try JSONDecoder().decode(LatencyHistogram.self, from: JSONEncoder().encode(histogram))
    #expect(again == histogram)
  }

  /// Log-uniform, as latencies are: from microseconds to minutes.
  private func randomValues(count: Int, _ random: inout SeededRandom) -> [UInt64] {
    (0..<count).map { _ in UInt64.random(in: 1...(1 << UInt64.random(in: 0...29, using: &random)), using: &random) }
  }

  private func recorded(_ values: [UInt64]) -> LatencyHistogram {
    var recorder = LatencyRecorder()
    for value in values { recorder.record(microseconds: value) }
    return recorder.snapshot
  }
}

extension LatencyTests {
  @Test func mergingManyIsMergingOneAfterTheOther() {
    var random = SeededRandom()
    for _ in 0..<50 {
      let histograms = (0..<Int.random(in: 0...8, using: &random)).map { _ in random.histogram() }
      let one = histograms.reduce(LatencyHistogram()) { $0.merged(with: $1) }
      #expect(LatencyHistogram(merging: histograms) == one)
    }
  }
}
