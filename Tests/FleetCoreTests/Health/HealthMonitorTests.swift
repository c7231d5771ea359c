import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetCore

struct HealthMonitorTests {
  private static let slo = ServiceLevel(p99: .milliseconds(50), errors: 0.01, celsius: 85)

  /// Gives one sample a second, from 0 on, and collects the verdicts.
  private struct Box {
    var monitor = HealthMonitor(slo: slo)
    var seconds = 0.0
    var verdicts: [Health] = []
    var reasons: [String] = []

    mutating func run(for duration: Int, _ change: (inout HealthSample) -> Void = { _ in }) {
      for _ in 0..<duration {
        var sample = HealthSample(seconds: seconds, requests: 100, celsius: .measured(50))
        sample.p99Milliseconds = 10
        change(&sample)
        let verdict = monitor.update(sample)
        verdicts.append(verdict.health)
        reasons = verdict.reasons
        seconds += 1
      }
    }

    /// Such as `5 healthy, 15 degraded`.
    var story: String {
      var runs: [(Health, Int)] = []
      for verdict in verdicts {
        if let last = runs.indices.last, runs[last].0 == verdict {
          runs[last].1 += 1
        } else {
          runs.append((verdict, 1))
        }
      }
      return runs.map { "\($1) \($0.rawValue)" }.joined(separator: ", ")
    }
  }

  @Test func aVerdictCarriesItsEvidence() {
    var monitor = HealthMonitor(slo: Self.slo)
    var verdict = HealthVerdict()
    for second in 0..<30 {
      var sample = HealthSample(
        seconds: Double(second),
        date: Date(timeIntervalSince1970: 1000 + Double(second)),
        requests: 100
      )
      sample.p99Milliseconds = second < 10 ? 10 : 131.04
      verdict = monitor.update(sample)
    }
    let finding = verdict.findings.first
    #expect(verdict.findings.map(\.rule) == [.latency])
    #expect(finding?.health == .degraded && finding?.since == Date(timeIntervalSince1970: 1010))
    #expect(finding?.value == 131.04 && finding?.limit == 50 && finding?.unit == "ms" && finding?.samples == 100)
    #expect(verdict.reasons == ["p99 131 ms is over the SLO of 50 ms for 19 s"])
  }

  @Test func rulesThatAreOffSayNothing() {
    var limits = HealthLimits()
    limits.off = [.latency, .temperature]
    var box = Box(monitor: HealthMonitor(slo: Self.slo, limits: limits))
    box.run(for: 200) {
      $0.p99Milliseconds = 900
      $0.celsius = .measured(120)
    }
    #expect(box.story == "200 healthy")
  }

  @Test func aFewSlowRequestsAmongFewAreChance() {
    var box = Box()
    box.run(for: 60) {
      $0.requests = 60
      $0.latency = LatencyHistogram([.init(microseconds: 1000, count: 56), .init(microseconds: 400_000, count: 4)])
    }
    #expect(box.story == "60 healthy")
    box.run(for: 60) {
      $0.requests = 60
      $0.latency = LatencyHistogram([.init(microseconds: 1000, count: 55), .init(microseconds: 400_000, count: 5)])
    }
    #expect(box.story == "65 healthy, 15 degraded, 40 faulty")
  }

  @Test func aLatencyFaultIsDegradedAfterFiveSecondsAndFaultyAfterTwenty() {
    var box = Box()
    box.run(for: 10)
    box.run(for: 30) { $0.p99Milliseconds = 131.04 }
    #expect(box.story == "15 healthy, 15 degraded, 10 faulty")
    #expect(box.reasons == ["p99 131 ms is over the SLO of 50 ms for 29 s"])
    box.run(for: 9) { $0.p99Milliseconds = 12.3 }
    #expect(box.reasons == ["p99 was over the SLO of 50 ms for 29 s, now 12.3 ms"])
    box.run(for: 3) { $0.p99Milliseconds = 12.3 }
    #expect(box.story == "15 healthy, 15 degraded, 20 faulty, 2 healthy")
    #expect(box.reasons.isEmpty)
  }

  @Test func aBlipDoesNothing() {
    var box = Box()
    for _ in 0..<10 {
      box.run(for: 3) { $0.p99Milliseconds = 500 }
      box.run(for: 1) { $0.p99Milliseconds = 45 }
      box.run(for: 3) { $0.p99Milliseconds = 500 }
      box.run(for: 2)
    }
    #expect(box.story == "90 healthy")
  }

  @Test func flappingAroundTheLimitDoesNotFlapTheVerdict() {
    var box = Box()
    for _ in 0..<20 {
      box.run(for: 6) { $0.p99Milliseconds = 51 }
      box.run(for: 6) { $0.p99Milliseconds = 30 }
    }
    #expect(box.story == "5 healthy, 235 degraded")
  }

  @Test func justUnderTheLimitHealsNothing() {
    var box = Box()
    box.run(for: 10) { $0.p99Milliseconds = 60 }
    box.run(for: 60) { $0.p99Milliseconds = 45 }
    #expect(box.story == "5 healthy, 65 degraded")
    #expect(box.reasons == ["p99 was over the SLO of 50 ms for 9 s, now 45 ms"])
  }

  @Test func tooFewRequestsKeepTheLastWord() {
    var box = Box()
    box.run(for: 60) {
      $0.requests = 19
      $0.errors = 19
      $0.p99Milliseconds = 900
    }
    #expect(box.story == "60 healthy")
    box.run(for: 8) { $0.p99Milliseconds = 80 }
    box.run(for: 60) {
      $0.requests = 3
      $0.p99Milliseconds = 1
    }
    #expect(box.story == "65 healthy, 63 degraded")
    #expect(box.reasons == ["p99 80 ms is over the SLO of 50 ms for 7 s, and too few requests since to tell"])
    box.run(for: 11)
    #expect(box.verdicts.last == .healthy)
  }

  @Test func errorsAreJudgedByTheirShare() {
    var box = Box()
    box.run(for: 30) { $0.errors = 1 }
    #expect(box.story == "30 healthy")
    box.run(for: 6) { $0.errors = 5 }
    #expect(box.verdicts.last == .degraded)
    #expect(box.reasons == ["share of errors 5% is over the SLO of 1% for 5 s"])
    box.run(for: 11)
    #expect(box.verdicts.last == .healthy)
  }

  @Test func aLimitThatAllowsNoErrorsCanBeMetAgain() {
    var box = Box(monitor: HealthMonitor(slo: ServiceLevel(p99: .seconds(1), errors: 0, celsius: 85)))
    box.run(for: 6) { $0.errors = 1 }
    box.run(for: 11)
    #expect(box.story == "5 healthy, 11 degraded, 1 healthy")
  }

  @Test func heatIsJudgedSlowly() {
    var box = Box()
    box.run(for: 130) { $0.celsius = .measured(90.25) }
    #expect(box.story == "10 healthy, 110 degraded, 10 faulty")
    #expect(box.reasons == ["temperature 90.3 °C is over the limit of 85 °C for 129 s"])
    box.run(for: 100) { $0.celsius = .measured(82) }
    #expect(box.reasons == ["temperature was over the limit of 85 °C for 129 s, now 82 °C"])
    box.run(for: 5) { $0.celsius = .absent("the sensor is gone") }
    let sentence = "temperature was over the limit of 85 °C for 129 s, now 82 °C, and no reading since"
    #expect(box.reasons == [sentence])
    box.run(for: 31) { $0.celsius = .estimated(79) }
    #expect(box.verdicts.last == .healthy)
  }

  @Test func aMissingSensorIsNoFault() {
    var box = Box()
    box.run(for: 200) { $0.celsius = .absent("no sensor") }
    #expect(box.story == "200 healthy")
  }

  @Test func aKilledEngineIsFaultyWhileAwayAndDegradedForAMinuteAfter() {
    var box = Box()
    box.run(for: 5)
    box.run(for: 2) {
      $0.engineState = .restarting
      $0.engineRestarts = 1
      $0.engineProblem = "killed by signal 9"
    }
    #expect(box.reasons == ["the engine is being restarted: killed by signal 9"])
    box.run(for: 1) {
      $0.engineState = .starting
      $0.engineRestarts = 1
    }
    #expect(box.reasons == ["the engine is starting again"])
    box.run(for: 70) { $0.engineRestarts = 1 }
    #expect(box.story == "5 healthy, 3 faulty, 58 degraded, 12 healthy")
    #expect(box.reasons.isEmpty)
  }

  @Test func threeRestartsInFiveMinutesAreFaulty() {
    var box = Box()
    box.run(for: 1)
    for restarts in 1...3 { box.run(for: 100) { $0.engineRestarts = UInt64(restarts) } }
    #expect(box.verdicts.last == .faulty)
    #expect(box.reasons == ["the engine ended 3 times within 5 min"])
    box.run(for: 102) { $0.engineRestarts = 3 }
    #expect(box.verdicts.last == .healthy)
    #expect(box.story == "1 healthy, 61 degraded, 39 healthy, 61 degraded, 39 healthy, 101 faulty, 101 healthy")
  }

  @Test func restartsFromBeforeTheFirstSampleDoNotCount() {
    var box = Box()
    box.run(for: 10) { $0.engineRestarts = 7 }
    #expect(box.story == "10 healthy")
  }

  @Test(arguments: [
    (EngineStatus.State.hung, Health.faulty, "the engine does not answer: why"),
    (.restarting, .faulty, "the engine is being restarted: why"), (.failed, .faulty, "the engine cannot serve: why"),
    (.idle, .degraded, "there is no model to serve: why"), (.starting, .healthy, ""), (.serving, .healthy, ""),
  ])
  func theEngineSpeaksAtOnce(_ state: EngineStatus.State, _ health: Health, _ reason: String) {
    var monitor = HealthMonitor(slo: Self.slo)
    let verdict = monitor.update(HealthSample(seconds: 0, engineState: state, engineProblem: "why"))
    #expect(verdict.health == health)
    #expect(verdict.reasons == (reason.isEmpty ? [] : [reason]))
  }

  @Test func theWorstReasonComesFirst() {
    var box = Box()
    box.run(for: 25) {
      $0.p99Milliseconds = $0.seconds < 18 ? 10 : 70
      $0.errors = 50
      $0.celsius = .measured(99)
    }
    #expect(
      box.reasons == [
        "share of errors 50% is over the SLO of 1% for 24 s",
        "p99 70 ms is over the SLO of 50 ms for 6 s",
        "temperature 99 °C is over the limit of 85 °C for 24 s",
      ]
    )
  }

  @Test func anyReadingsGiveALevelWithItsReasonsAndNoReasonWithoutALevel() {
    var random = SeededRandom()
    let odd: [Double] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e300, 1e15, 0, -40]
    for _ in 0..<100 {
      var monitor = HealthMonitor(slo: Self.slo)
      var seconds = 0.0
      var restarts: UInt64 = 0
      for _ in 0..<300 {
        seconds += .random(in: 0...5, using: &random)
        if random.chance(0.01) { restarts = random.chance(0.1) ? 0 : restarts + 1 }
        let requests = UInt64.random(in: 0...60, using: &random)
        var sample = HealthSample(
          seconds: seconds,
          requests: requests,
          errors: .random(in: 0...requests, using: &random),
          celsius: random.chance(0.1)
            ? .measured(odd.randomElement(using: &random) ?? 0)
            : random.chance(0.9) ? .measured(.random(in: 70...95, using: &random)) : .absent("gone"),
          engineState: random.chance(0.9)
            ? .serving : EngineStatus.State.allCases.randomElement(using: &random) ?? .hung,
          engineProblem: random.chance(0.1) ? "why" : nil,
          engineRestarts: restarts
        )
        sample.p99Milliseconds = random.chance(0.9) ? .random(in: 20...80, using: &random) : nil
        sample.throttles = .measured(odd.randomElement(using: &random) ?? 0)
        sample.joules = .measured(odd.randomElement(using: &random) ?? 0)
        sample.diskFreeBytes = .measured(odd.randomElement(using: &random) ?? 0)
        let verdict = monitor.update(sample)
        #expect((verdict.health == .healthy) == verdict.reasons.isEmpty, "seed \(random.seed)")
        #expect(verdict.reasons.allSatisfy { $0.split(separator: " ").count > 3 }, "in words, seed \(random.seed)")
      }
    }
  }
}

extension HealthSample {
  /// As if all requests of the window had taken that long.
  fileprivate var p99Milliseconds: Double? {
    get { latency.milliseconds(atPercentile: 99) }
    set {
      let microseconds = newValue.map { UInt64(($0 * 1000).rounded()) }
      latency = LatencyHistogram(microseconds.map { [.init(microseconds: $0, count: requests)] } ?? [])
    }
  }
}
