import FleetTestSupport
import Testing

@testable import FleetCore

struct LoadCurveTests {
  @Test func `It follows the hour of the store's day`() {
    for seed in UInt64(0)..<50 {
      let curve = LoadCurve(seed: seed)
      let noon = 1_800_000_000.0 - 1_800_000_000.0.truncatingRemainder(dividingBy: 86_400) + 12 * 3600
      #expect(curve.share(at: noon) > 3 * curve.share(at: noon - 9 * 3600), "noon is busier than 3 in the morning")
      #expect(curve.share(at: noon + 6 * 3600) > 0.6, "the peak is in the evening")
    }
  }

  @Test func `Three hours east it is three hours later`() {
    let here = LoadCurve(seed: 7, utcOffsetHours: 0)
    let east = LoadCurve(seed: 7, utcOffsetHours: 3)
    // The noise goes by absolute time, so only the curve of the day may differ.
    let night = 1_800_000_000.0 - 1_800_000_000.0.truncatingRemainder(dividingBy: 86_400) + 3 * 3600
    #expect(east.share(at: night) > 1.3 * here.share(at: night))
  }

  @Test func `It is smooth, within bounds, the same each time, and another one for each seed`() {
    var random = SeededRandom()
    for _ in 0..<200 {
      let seed = random.next()
      let curve = LoadCurve(seed: seed, utcOffsetHours: Double.random(in: -12...12, using: &random))
      // Before 1970 too: a clock may say anything.
      let time = Double.random(in: -1e9...4e9, using: &random)
      let share = curve.share(at: time)
      #expect(share > 0 && share <= LoadCurve.highest, "\(share) at \(time)")
      #expect(curve.share(at: time) == share)
      let later = curve.share(at: time + 0.1)
      #expect(abs(later - share) < 0.01, "from \(share) to \(later) within 0.1 s at \(time)")
      #expect(LoadCurve(seed: seed &+ 1000).share(at: time) != LoadCurve(seed: seed).share(at: time))
    }
  }
}
