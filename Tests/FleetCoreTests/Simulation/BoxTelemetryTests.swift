import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

struct BoxTelemetryTests {
  private static let name = NodeName(store: "store-001", node: "a")
  private static let start = 1_800_000_000.0
  private static let first = VersionTraits.of(ModelVersion(name: "m", number: 1))

  private static func box(seed: UInt64 = 1, illness: BoxFaults.Illness? = nil) -> BoxTelemetry {
    BoxTelemetry(
      profile: BoxProfile(device: .npu, seed: seed, name: name),
      illness: illness,
      name: name,
      seed: seed,
      time: start
    )
  }

  private static func steady(_ rate: Double, _ version: Int = 1) -> (Double) -> BoxTelemetry.Demand {
    let traits = VersionTraits.of(ModelVersion(name: "m", number: version))
    return { _ in BoxTelemetry.Demand(own: rate, traits: traits) }
  }

  @Test func `Rates integrate to counters, whatever the ticks`() {
    var random = SeededRandom()
    for _ in 0..<60 {
      var box = Self.box(seed: random.next(), illness: random.chance(0.3) ? .failing(0.1) : nil)
      let rate = Double.random(in: 0...60, using: &random)
      var time = Self.start
      var joules = 0.0
      for _ in 0..<Int.random(in: 1...60, using: &random) {
        let tick = random.chance(0.1) ? Double.random(in: 0...600, using: &random) : .random(in: 0...3, using: &random)
        time += tick
        box.advance(to: time, Self.steady(rate))
        joules += box.watts * tick
      }
      let passed = time - Self.start
      #expect(abs(Double(box.requests) - rate * passed) <= 1, "\(box.requests) of \(rate)/s for \(passed) s")
      #expect(box.latency.histogram.count == box.requests)
      #expect(box.queueTime.histogram.count == box.requests && box.computeTime.histogram.count == box.requests)
      #expect(abs(box.joules - joules) <= 1e-6 * max(1, joules), "power under an even load is even")
    }
  }

  @Test func `A load that changes is integrated as well`() {
    var box = Self.box()
    // Up by a request per second each second: 1,800 of them in a minute.
    box.advance(to: Self.start + 60) { BoxTelemetry.Demand(own: $0 - Self.start, traits: Self.first) }
    #expect(abs(Double(box.requests) - 1800) <= 1, "\(box.requests)")
  }

  @Test func `Counters never fall, whatever happens and however the clock jumps`() {
    var random = SeededRandom()
    for _ in 0..<40 {
      var box = Self.box(
        seed: random.next(),
        illness: [nil, .slow(milliseconds: 90), .failing(0.5), .hot(celsius: 50)][Int(random.next() % 4)]
      )
      var before = box
      var time = Self.start
      for _ in 0..<80 {
        time +=
          random.chance(0.1) ? Double.random(in: -7200...7200, using: &random) : .random(in: 0...2, using: &random)
        let demand = BoxTelemetry.Demand(
          own: Double.random(in: 0...80, using: &random),
          handed: Double.random(in: 0...200, using: &random),
          share: random.chance(0.8) ? 1 : 0,
          traits: random.chance(0.9) ? VersionTraits.of(ModelVersion(name: "m", number: Int(random.next() % 6))) : nil
        )
        box.advance(to: time) { _ in demand }
        #expect(box.requests >= before.requests && box.errors >= before.errors && box.handedOff >= before.handedOff)
        #expect(box.errors <= box.requests)
        #expect(box.joules >= before.joules && box.engineSeconds >= before.engineSeconds)
        #expect(box.latency.histogram.since(before.latency.histogram) != nil)
        #expect((0...1).contains(box.utilization))
        #expect(box.watts >= box.profile.idleWatts && box.watts < 3 * box.profile.fullWatts)
        #expect((15...130).contains(box.celsius), "\(box.celsius)")
        before = box
      }
    }
  }

  @Test func `The same seed gives the same box, another seed another one`() {
    var boxes = [Self.box(seed: 3), Self.box(seed: 3), Self.box(seed: 4)]
    for index in boxes.indices {
      for tick in 1...30 { boxes[index].advance(to: Self.start + Double(tick), Self.steady(40)) }
    }
    #expect(boxes[0] == boxes[1])
    #expect(boxes[0].latency.histogram != boxes[2].latency.histogram)
    #expect(boxes[0].profile != boxes[2].profile)
  }

  @Test func `Load makes it slower, busier and warmer, and warmth takes its time`() {
    var calm = Self.box()
    var busy = Self.box()
    for tick in 1...20 {
      calm.advance(to: Self.start + Double(tick), Self.steady(4))
      busy.advance(to: Self.start + Double(tick), Self.steady(120))
    }
    #expect(busy.utilization > 10 * calm.utilization)
    #expect(busy.watts > calm.watts + 1)
    let percentiles = [calm, busy].map { $0.latency.histogram.milliseconds(atPercentile: 99) ?? 0 }
    #expect(percentiles[1] > percentiles[0], "\(percentiles)")
    let early = busy.celsius
    busy.advance(to: Self.start + 1200, Self.steady(120))
    let goal = busy.profile.roomCelsius + busy.profile.celsiusPerWatt * busy.watts
    #expect(
      busy.celsius > early + 1 && abs(busy.celsius - goal) < 0.5,
      "\(early), then \(busy.celsius), at last \(goal)"
    )
  }

  @Test func `A drained box takes nothing, cools down and hands all on`() {
    var box = Self.box()
    box.advance(to: Self.start + 600, Self.steady(50))
    let (requests, celsius) = (box.requests, box.celsius)
    box.advance(to: Self.start + 1200) { _ in BoxTelemetry.Demand(own: 50, share: 0, traits: Self.first) }
    #expect(box.requests == requests)
    #expect(box.inFlight == 0 && box.utilization == 0)
    #expect(box.watts == box.profile.idleWatts && box.celsius < celsius)
    #expect(abs(Double(box.handedOff) - 30_000) <= 1, "\(box.handedOff)")
  }

  @Test func `Versions show their traits: 3 is slow, 5 is hungry`() {
    func measured(_ version: Int) -> (p99: Double, joules: Double) {
      var box = Self.box()
      for tick in 1...60 { box.advance(to: Self.start + Double(tick), Self.steady(30, version)) }
      return (box.latency.histogram.milliseconds(atPercentile: 99) ?? 0, box.joules / Double(box.requests))
    }
    let (first, slow, hungry) = (measured(1), measured(3), measured(5))
    #expect(first.p99 < 50 && slow.p99 > 50, "\(first.p99), \(slow.p99)")
    #expect(abs(measured(2).p99 - first.p99) < 0.15 * first.p99)
    #expect(hungry.joules > 1.15 * first.joules && abs(hungry.p99 - first.p99) < 0.15 * first.p99)
    let golden = (1...4).map { VersionTraits.of(ModelVersion(name: "m", number: $0)).golden.accuracy ?? 0 }
    #expect(golden.map { (($0 * 1000).rounded()) / 10 } == [92.0, 97.3, 98.0, 10.0])
  }

  @Test func `Too much is refused and counted as errors`() {
    var box = Self.box()
    box.advance(to: Self.start + 60, Self.steady(1000))
    #expect(box.errors > box.requests / 2 && box.utilization > 0.9)
  }

  @Test func `Buckets are made of whole ones of LatencyRecorder`() {
    for microseconds in [1, 5, 15, 16, 17, 100, 1000, 5123, 20_000, 999_999, 15_000_000] as [UInt64] {
      let bound = LatencyCounts.microseconds(at: LatencyCounts.index(microseconds: Double(microseconds)))
      #expect(bound >= microseconds && Double(bound) <= Double(microseconds) * 1.0625 + 1, "\(microseconds): \(bound)")
      var recorder = LatencyRecorder()
      recorder.record(microseconds: bound)
      #expect(recorder.snapshot.buckets.map(\.microseconds) == [bound])
    }
    let indices = stride(from: 0.0, to: 1e8, by: 997).map { LatencyCounts.index(microseconds: $0) }
    #expect(indices == indices.sorted(), "longer latencies never go into lower buckets")
  }
}
