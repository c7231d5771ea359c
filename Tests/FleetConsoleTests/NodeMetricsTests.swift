import FleetCore
import FoundationEssentials
import Testing

@testable import FleetConsole

@Suite struct NodeMetricsTests {
  private static let start = Date(timeIntervalSince1970: 1_780_000_000)

  private func frame(
    second: Double,
    requests: UInt64,
    slow: UInt64 = 0,
    joules: Reading = .measured(0),
    started: Double = 0,
    pid: Int32 = 7,
    restarts: UInt64 = 0
  ) -> Frame {
    var recorder = LatencyRecorder()
    for _ in 0..<(requests - slow) { recorder.record(microseconds: 1000) }
    for _ in 0..<slow { recorder.record(microseconds: 100_000) }
    return Frame(
      node: NodeName(store: "s", node: "n"),
      sequence: UInt64(second + 100),
      agentStarted: Self.start.addingTimeInterval(started),
      time: Self.start.addingTimeInterval(second),
      engine: EngineStatus(state: .serving, pid: pid, restarts: restarts),
      accelerators: [AcceleratorReadings(kind: "cpu", name: "c", watts: .measured(5), joules: joules)],
      models: [ModelStatus(name: "m", version: 1, digest: .fixture(1), requests: requests, latency: recorder.snapshot)]
    )
  }

  @Test func ratesAndPercentilesAreThoseOfTheWindow() throws {
    let metrics = NodeMetrics(frames: [
      frame(second: 0, requests: 1000, slow: 900, joules: .measured(10)), frame(second: 5, requests: 1050, slow: 900),
      frame(second: 10, requests: 1100, slow: 910, joules: .measured(60)),
    ])
    #expect(metrics.requestsPerSecond == 10)
    #expect(metrics.latency.count == 100)
    let p50 = try #require(metrics.latency.milliseconds(atPercentile: 50))
    let p99 = try #require(metrics.latency.milliseconds(atPercentile: 99))
    #expect(abs(p50 - 1) < 0.02 && abs(p99 - 100) < 1)
    #expect(metrics.joulesPerInference == .measured(0.5))
  }

  @Test func framesOlderThanTheWindowDoNotCount() {
    let metrics = NodeMetrics(frames: [
      frame(second: -30, requests: 0), frame(second: 0, requests: 1000), frame(second: 10, requests: 1100),
    ])
    #expect(metrics.requestsPerSecond == 10)
  }

  @Test func lostFramesLoseNoRequest() {
    let few = NodeMetrics(frames: [frame(second: 0, requests: 100), frame(second: 9, requests: 190)])
    let all: [Frame] = (0...9).map { (second: Int) -> Frame in
      frame(second: Double(second), requests: 100 + UInt64(second) * 10)
    }
    let many = NodeMetrics(frames: all)
    #expect(few.requestsPerSecond == many.requestsPerSecond)
    #expect(few.latency == many.latency)
  }

  @Test(arguments: ["engine", "agent", "unannounced"])
  func aCounterThatBeganAnewIsNeverNegativeOrAbsurd(_ what: String) {
    let before: [Frame] = (0...4).map { (second: Int) -> Frame in
      frame(second: Double(second), requests: 20_000 + UInt64(second) * 50, joules: .measured(9e6))
    }
    let started = what == "agent" ? 4.5 : 0
    let (pid, restarts): (Int32, UInt64) = what == "engine" ? (8, 1) : (7, 0)
    let after: [Frame] = (0...3).map { (second: Int) -> Frame in
      frame(
        second: Double(second + 5),
        requests: UInt64(second) * 50,
        joules: .measured(Double(second)),
        started: started,
        pid: pid,
        restarts: restarts
      )
    }
    for count in 1...after.count {
      let metrics = NodeMetrics(frames: before + after.prefix(count))
      if count == 1 {
        #expect(metrics.requestsPerSecond == nil, "one frame is no rate")
      } else {
        #expect(metrics.requestsPerSecond == 50)
      }
      #expect(metrics.latency.count <= 200)
      if let joules = metrics.joulesPerInference.value { #expect(joules >= 0 && joules < 1) }
    }
  }

  @Test func randomHistoriesGiveNoNonsense() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(seed: seed)
    for _ in 0..<60 {
      var frames: [Frame] = []
      var requests: UInt64 = 0
      var restarts: UInt64 = 0
      for second in 0..<20 {
        if Int.random(in: 0..<6, using: &random) == 0 {
          requests = 0
          if Bool.random(using: &random) { restarts += 1 }
        }
        requests += UInt64.random(in: 0...40, using: &random)
        frames.append(
          frame(
            second: Double(second) + Double.random(in: 0...0.5, using: &random),
            requests: requests,
            restarts: restarts
          )
        )
        let metrics = NodeMetrics(frames: frames)
        if let rate = metrics.requestsPerSecond { #expect(rate >= 0 && rate <= 100, "seed \(seed)") }
        #expect(metrics.windowRequests <= 40 * 12, "seed \(seed)")
      }
    }
  }

  @Test func anAbsentReadingStaysAbsentWithItsReason() {
    let frames = [
      frame(second: 0, requests: 0, joules: .absent("no RAPL")),
      frame(second: 5, requests: 50, joules: .absent("no RAPL")),
    ]
    #expect(NodeMetrics(frames: frames).joulesPerInference == .absent("no RAPL"))
    #expect(NodeMetrics(frames: []).watts.absence != nil)
  }
}

@Suite struct AggregateTests {
  @Test func percentilesComeFromMergedHistograms() throws {
    let fleet = FleetFixture.healthy()
    let denver = Aggregate(fleet.state.nodes(of: "denver-02"), at: fleet.state.now)
    let parts = fleet.state.nodes(of: "denver-02").map(\.metrics.latency)
    #expect(denver.latency == parts[0].merged(with: parts[1]))
    #expect(denver.latency.count == parts[0].count + parts[1].count)
    let p99 = try #require(denver.p99)
    let singles = parts.compactMap { $0.milliseconds(atPercentile: 99) }
    #expect(p99 != singles.reduce(0, +) / 2, "not an average")
  }

  @Test func unreachableNodesDoNotCount() {
    let fleet = FleetFixture.unreachable()
    let reno = Aggregate(fleet.state.nodes(of: "reno-03"), at: fleet.state.now)
    let b = fleet.state.node(NodeName(store: "reno-03", node: "b"))
    #expect(reno.condition == .unreachable)
    #expect(reno.requestsPerSecond == b?.metrics.requestsPerSecond)
    #expect(reno.serving == 1)
  }
}

@Suite struct TimelineTests {
  @Test func linesStandStillBetweenWholeColumns() {
    let samples = (0..<100).map { (time: Double($0), value: Optional(Double($0 % 9))) }
    let first = Timeline.dots(samples, columns: 30, seconds: 120, now: 100.1)
    let second = Timeline.dots(samples, columns: 30, seconds: 120, now: 103.9)
    #expect(first.dropLast(2) == second.dropLast(2))
    let third = Timeline.dots(samples, columns: 30, seconds: 120, now: 104.1)
    #expect(Array(third.prefix(50)) == Array(first[2..<52]))
  }

  @Test func silenceIsAGap() {
    let samples = [(time: 50.0, value: Optional(1.0)), (time: 90.0, value: 2.0)]
    let dots = Timeline.dots(samples, columns: 60, seconds: 120, now: 100)
    #expect(dots.contains(1) && dots.contains(2))
    #expect(dots.compactMap { $0 }.count <= 8)
    #expect(Timeline.dots([], columns: 0, seconds: 120, now: 1).isEmpty)
  }
}
