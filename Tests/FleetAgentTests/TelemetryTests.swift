import FleetCore
import FleetTestSupport
import FoundationEssentials
import Synchronization
import Testing

@testable import FleetAgent

struct TelemetryTests {
  private static let digest = ModelDigest(ofManifest: [])

  @Test func countersAddUpOverEngines() {
    var random = SeededRandom()
    var counters = CumulativeCounters()
    var engine = Self.status(requests: 0)
    var expected: UInt64 = 0
    var last: UInt64 = 0
    for _ in 0..<500 {
      if random.chance(0.1) {
        counters.engineEnded()
        engine = Self.status(requests: 0)
      }
      let more = UInt64(Int.random(in: 0...20, using: &random))
      engine = Self.status(requests: engine.requests + more)
      expected += more
      _ = counters.report([engine])
      let total = counters.total([engine])[0]
      #expect(total.requests == expected && total.latency.count == expected, "\(random)")
      #expect(total.requests >= last && counters.sum.requests == expected, "\(random)")
      last = total.requests
    }
  }

  @Test func answersThatChangedPlacesAreCountedOnce() {
    var counters = CumulativeCounters()
    #expect(counters.report([Self.status(requests: 10)]) == true)
    #expect(counters.report([Self.status(requests: 3)]) == false, "it was asked for earlier")
    #expect(counters.sum.requests == 10 && counters.total([Self.status(requests: 10)])[0].requests == 10)
    counters.engineEnded()
    #expect(counters.report([Self.status(requests: 3)]) == true)
    #expect(counters.sum.requests == 13)
  }

  @Test func windowHoldsTheLastTenSeconds() {
    var window = HealthWindow()
    var counters = CumulativeCounters()
    for second in 0...30 {
      // Slow for 20 seconds, then quick.
      var status = Self.status(requests: UInt64(min(second, 20) * 5), microseconds: 100_000)
      let quick = LatencyHistogram.Bucket(microseconds: 1000, count: UInt64(max(second - 20, 0) * 5))
      status.requests += quick.count
      status.latency = status.latency.merged(with: LatencyHistogram([quick]))
      _ = counters.report([status])
      let recent = window.add(counters.models.map(LoadReport.Model.init), at: Double(second))
      let p99 = recent.latency.milliseconds(atPercentile: 99)
      if second >= 10 { #expect(recent.requests == 50) }
      if second == 20 { #expect(p99 == 100) }
      if second == 30 { #expect(p99 == 1) }
      #expect(recent.models.map(\.version.number) == [1])
    }
  }

  @Test func slowNodeTurnsDegradedThenFaultyAndSaysWhy() throws {
    var configuration = AgentConfiguration(node: NodeName(store: "s", node: "n"), stateDirectory: "")
    configuration.slo.p99 = .milliseconds(50)
    var builder = FrameBuilder(configuration: configuration, started: Date(), agentPID: 1, processor: "CPU")
    var counters = CumulativeCounters()
    var seen: [Health] = []
    var reasons: [String] = []
    for second in 0...60 {
      _ = counters.report([Self.status(requests: UInt64(second * 10), microseconds: 120_000)])
      let frame = builder.frame(
        at: AgentClock.Moment(date: Date(timeIntervalSince1970: Double(second)), seconds: Double(second)),
        engine: EngineSnapshot(status: EngineStatus(state: .serving), counters: counters),
        probes: ProbeRound(),
        drain: DrainState()
      )
      if seen.last != frame.health { seen.append(frame.health) }
      #expect(frame.sequence == UInt64(second + 1))
      reasons = frame.reasons
    }
    #expect(seen == [.healthy, .degraded, .faulty])
    #expect(reasons.first?.contains("is over the SLO of 50 ms") == true)
  }

  @Test func measuredPowerComesBeforeAnEstimate() {
    var configuration = AgentConfiguration(node: NodeName(store: "s", node: "n"), stateDirectory: "")
    configuration.watts = AgentConfiguration.DeclaredWatts(idle: 1, full: 2)
    var builder = FrameBuilder(configuration: configuration, started: Date(), agentPID: 1, processor: "CPU")
    var findings = ProbeFindings()
    findings[.engineUtilization] = .measured(0.5)
    var round = ProbeRound()
    round.add(findings, ProbeReport(name: "a", seconds: 0))
    #expect(frame(&builder, round, at: 0).accelerators[0].watts == .estimated(1.5))
    findings[.watts] = .measured(9)
    findings[.joules] = .measured(90)
    round.add(findings, ProbeReport(name: "b", seconds: 0))
    let accelerator = frame(&builder, round, at: 1).accelerators[0]
    #expect(accelerator.watts == .measured(9) && accelerator.joules == .measured(90))
  }

  @Test func watchersGetFramesAtTheirOwnPace() async throws {
    let hub = FrameHub()
    var builder = FrameBuilder(
      configuration: AgentConfiguration(node: NodeName(store: "s", node: "n"), stateDirectory: ""),
      started: Date(),
      agentPID: 1,
      processor: "CPU"
    )
    for second in 0..<200 { hub.publish(frame(&builder, ProbeRound(), at: Double(second)), at: Double(second)) }
    let stream = hub.frames(FrameRequest(interval: .seconds(5), history: 500))
    let closer = hub.frames(FrameRequest(history: 500))
    #expect(hub.interval == 1)
    for second in 200..<230 { hub.publish(frame(&builder, ProbeRound(), at: Double(second)), at: Double(second)) }
    let fast = hub.frames(FrameRequest(interval: .milliseconds(100)))
    #expect(hub.interval == 0.1)
    withExtendedLifetime(fast) {}
    hub.end()
    let sequences = await sequences(of: stream)
    #expect(sequences == [81] + Array(stride(from: 85, through: 200, by: 5)) + [201, 206, 211, 216, 221, 226])
    let all = await self.sequences(of: closer)
    #expect(all.prefix(FrameHub.historyLimit).elementsEqual(81...200) && all.last == 230)
  }

  /// A sampler makes a frame for whoever comes: nothing of the past is told before.
  @Test func thePastComesWithAFrameOfNow() async throws {
    let hub = FrameHub()
    let wakes = Mutex(0)
    hub.onWatcher { wakes.withLock { $0 += 1 } }
    var builder = FrameBuilder(
      configuration: AgentConfiguration(node: NodeName(store: "s", node: "n"), stateDirectory: ""),
      started: Date(),
      agentPID: 1,
      processor: "CPU"
    )
    for tenth in 0..<25 {
      let seconds = Double(tenth) / 10
      hub.publish(frame(&builder, ProbeRound(), at: seconds), at: seconds)
    }
    let first = hub.frames(FrameRequest(history: 2))
    #expect(wakes.withLock { $0 } == 1)
    hub.publish(frame(&builder, ProbeRound(), at: 2.5), at: 2.5)
    let second = hub.frames(FrameRequest(history: 2))
    hub.givePast()
    hub.givePast()
    hub.end()
    #expect(await sequences(of: first) == [21, 26])
    #expect(await sequences(of: second) == [21, 26])
  }

  private func sequences(of stream: AsyncThrowingStream<Frame, any Error>) async -> [UInt64] {
    var sequences: [UInt64] = []
    await #expect(throws: CommandError.self) {
      for try await frame in stream { sequences.append(frame.sequence) }
    }
    return sequences
  }

  private func frame(_ builder: inout FrameBuilder, _ round: ProbeRound, at seconds: Double) -> Frame {
    builder.frame(
      at: AgentClock.Moment(date: Date(timeIntervalSince1970: seconds), seconds: seconds),
      engine: EngineSnapshot(status: EngineStatus(state: .idle)),
      probes: round,
      drain: DrainState()
    )
  }

  private static func status(requests: UInt64, microseconds: UInt64 = 1000) -> ModelStatus {
    ModelStatus(
      name: "m",
      version: 1,
      digest: digest,
      requests: requests,
      latency: LatencyHistogram([LatencyHistogram.Bucket(microseconds: microseconds, count: requests)])
    )
  }
}
