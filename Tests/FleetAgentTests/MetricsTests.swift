import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Synchronization
import Testing

@testable import FleetAgent

struct MetricsTests {
  private static let digest = ModelDigest(ofManifest: [])

  private static func source(_ change: (inout MetricsSource) -> Void = { _ in }) -> MetricsSource {
    var model = ModelStatus(name: "tag-reader", version: 2, digest: digest, requests: 12, errors: 3, queued: 4)
    model.refusedFull = 2
    model.latency = LatencyHistogram([
      .init(microseconds: 90, count: 5), .init(microseconds: 100, count: 1), .init(microseconds: 2000, count: 6),
    ])
    var counts = VersionCounts()
    counts.success = .init(count: 9, nanoseconds: 9_500_999)
    counts.failure = .init(count: 3, nanoseconds: 1000)
    counts.rejected = 2
    counts.inferences = 72
    counts.executions = 9
    let frame = Frame(
      node: NodeName(store: "austin-01", node: "a"),
      sequence: 1,
      agentStarted: Date(timeIntervalSince1970: 1_700_000_000),
      time: Date(timeIntervalSince1970: 1_700_000_100),
      health: .degraded,
      engine: EngineStatus(state: .serving, pid: 3, restarts: 2, runtime: "Open\"VINO\\\n2026"),
      accelerators: [
        AcceleratorReadings(
          kind: "cpu",
          name: "N97",
          utilization: .measured(0.25),
          watts: .estimated(6.5),
          joules: .estimated(650),
          celsius: .absent("no sensor")
        )
      ],
      models: [model],
      memoryTotalBytes: .measured(8_589_934_592)
    )
    let version = ModelVersion(name: "tag-reader", number: 2)
    var source = MetricsSource(
      frame: frame,
      models: [model],
      versions: [VersionStatus(version: version, digest: digest, isActive: true, counts: counts)],
      version: "1.2",
      age: 0.5,
      joulesPerInference: .estimated(0.125)
    )
    change(&source)
    return source
  }

  @Test(arguments: ["prometheus", "openmetrics"])
  func pageIsAsRecorded(_ name: String) throws {
    let page = Self.source().page(name == "prometheus" ? .prometheus : .openMetrics)
    try expectSnapshot(page, "\(ProbeTests.fixtures)/metrics/\(name).txt")
  }

  @Test func whatIsUnknownIsAbsent() {
    let page = Self.source().page(.prometheus)
    #expect(!page.contains("celsius") && !page.contains("nv_gpu") && !page.contains("nv_cpu_memory_used"))
    let none = Self.source { $0.joulesPerInference = .absent("nothing was computed") }
    #expect(!none.page(.prometheus).contains("joules_per_inference"))
  }

  @Test func staleGaugesAreAbsentAndCountersStay() {
    let page = Self.source { $0.age = 11 }.page(.openMetrics)
    for gauge in ["watts", "nv_cpu", "pending", "fleet_health", "fleet_engine_serving", "in_flight", "per_inference"] {
      #expect(!page.contains(gauge), "\(gauge)")
    }
    for counter in ["nv_inference_count{", "fleet_energy_joules_total{", "fleet_engine_restarts_total 2"] {
      #expect(page.contains(counter), "\(counter)")
    }
    #expect(page.contains("fleet_reading_age_seconds 11\n"))
  }

  @Test(arguments: [
    ("", MetricsPage.Format.prometheus), ("text/plain", .prometheus), ("*/*", .prometheus),
    ("application/openmetrics-text", .openMetrics),
    ("text/plain;q=0.5, application/openmetrics-text; version=1.0.0; q=0.8", .openMetrics),
    ("application/openmetrics-text;q=0,text/plain", .prometheus), (";;,,=", .prometheus),
  ])
  func formatIsTheOneAskedFor(_ accept: String, _ format: MetricsPage.Format) {
    #expect(MetricsPage.Format(accept: accept) == format)
  }

  @Test func hugeAndOddValuesAreNumbers() {
    #expect(MetricsPage.number(.infinity) == "+Inf" && MetricsPage.number(-.infinity) == "-Inf")
    #expect(MetricsPage.number(1e300) == "1e+300" && MetricsPage.number(0.1) == "0.1")
    #expect(MetricsPage.number(9_007_199_254_740_992) == "9007199254740992.0")
    #expect(Double(MetricsPage.number(.nan))?.isNaN == true)
  }

  @Test func boardTellsTheAgeAndTheEnergyOfTheLastMinute() {
    let now = Mutex(0.0)
    let board = MetricsBoard(version: "1") { now.withLock { $0 } }
    #expect(board.page(.prometheus) == nil)
    var counters = CumulativeCounters()
    for second in 0...100 {
      var source = Self.source()
      // 2 J a second; 4 inferences a second in the first half, 8 in the second.
      source.frame.accelerators[0].joules = .estimated(Double(second * 2))
      var counts = VersionCounts()
      counts.inferences = UInt64(second * 4 + max(0, second - 40) * 4)
      let status = VersionStatus(
        version: ModelVersion(name: "tag-reader", number: 2),
        digest: Self.digest,
        isActive: true,
        counts: counts
      )
      _ = counters.report(source.frame.models, versions: [status])
      board.publish(source.frame, counters: counters, at: Double(second))
    }
    now.withLock { $0 = 103 }
    let page = board.page(.prometheus) ?? ""
    #expect(page.contains("fleet_joules_per_inference{estimate=\"true\"} 0.25\n"), "\(page)")
    #expect(page.contains("fleet_reading_age_seconds 3\n"))
  }

  @Test func versionsAddUpOverEngines() {
    var random = SeededRandom()
    var counters = CumulativeCounters()
    var expected: [ModelVersion: UInt64] = [:]
    var engine: [ModelVersion: UInt64] = [:]
    for _ in 0..<400 {
      if random.chance(0.1) {
        counters.engineEnded()
        engine = [:]
      }
      let version = ModelVersion(name: "m", number: Int.random(in: 1...4, using: &random))
      engine[version, default: 0] += 3
      expected[version, default: 0] += 3
      // Only some are served at a time.
      let served = engine.filter { $0.key == version || random.chance(0.5) }
      let statuses = served.map { version, count in
        var counts = VersionCounts()
        counts.inferences = count
        return VersionStatus(version: version, digest: Self.digest, isActive: false, counts: counts)
      }
      _ = counters.report([], versions: statuses)
      let told = Dictionary(uniqueKeysWithValues: counters.versions.map { ($0.version, $0.counts.inferences) })
      #expect(told == expected, "\(random)")
    }
    for number in 1...1000 {
      let status = VersionStatus(version: ModelVersion(name: "n", number: number), digest: Self.digest, isActive: true)
      _ = counters.report([], versions: [status])
    }
    #expect(counters.versions.count == CumulativeCounters.maximumVersions)
    #expect(counters.versions.last?.version.number == 1000)
  }

  @Test func pageOutlivesTheEngine() async throws {
    let node = try await TestNode()
    let version = TestVersion.tiny(1)
    try await version.push(to: node.agent)
    _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
    node.engines.started.last?.count("tag-reader", requests: 40, errors: 2)
    try await eventually("40 are told") {
      node.parts.board.page(.prometheus)?.contains("fleet_requests_total{model=\"tag-reader\"} 40\n") == true
    }
    node.engines.change { $0.isUnstartable = true }
    node.engines.started.last?.end(.killed(signal: 9))
    try await eventually("the engine's end is told, and what it did") {
      let page = node.parts.board.page(.prometheus) ?? ""
      return page.contains("fleet_engine_serving 0\n")
        && page.contains("fleet_requests_total{model=\"tag-reader\"} 40\n")
    }
    await node.stop()
  }
}
