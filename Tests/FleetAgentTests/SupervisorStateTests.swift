import FleetCore
import FleetTestSupport
import FleetWire
import Testing

@testable import FleetAgent

struct SupervisorStateTests {
  private static let serving = EngineReport(
    runtime: "R",
    models: [ModelStatus(name: "m", version: 1, digest: ModelDigest(ofManifest: []))]
  )

  @Test func firstRestartComesAtOnceAndLaterOnesWaitLonger() {
    var state = SupervisorState(at: 0)
    var now = 0.0
    var delays: [Double] = []
    for pid in 1...12 {
      state.spawned(pid: Int32(pid))
      state.ended("exit status 1", isPlanned: false, at: now, jitter: 1)
      guard case .away(let spawnAt) = state.phase else { return }
      delays.append(spawnAt - now)
      now = spawnAt
    }
    #expect(delays[0] <= 0.1)
    #expect(zip(delays, delays.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
    #expect(abs((delays.last ?? 0) - SupervisorState.longestDelay) < 1e-9)
  }

  @Test func longLifeForgives() {
    var state = SupervisorState(at: 0)
    for pid in 1...5 {
      state.spawned(pid: Int32(pid))
      state.ended("exit status 1", isPlanned: false, at: 0, jitter: 0)
    }
    state.spawned(pid: 6)
    #expect(state.answered(Self.serving, at: 11) == true)
    #expect(state.problem == "exit status 1")
    #expect(state.answered(Self.serving, at: 11 + SupervisorState.forgiveness) == false)
    #expect(state.problem == nil)
    state.ended("exit status 1", isPlanned: false, at: 80, jitter: 1)
    #expect(state.phase == .away(spawnAt: 80.08))
  }

  @Test func silenceIsHungOnce() {
    var state = SupervisorState(at: 0)
    state.spawned(pid: 1)
    for second in 1...30 { #expect(state.didNotAnswer(at: Double(second)) == false) }
    _ = state.answered(Self.serving, at: 31)
    for second in 32...37 { #expect(state.didNotAnswer(at: Double(second)) == false) }
    #expect(state.didNotAnswer(at: 37.1) == true)
    #expect(state.state == .hung)
    #expect(state.didNotAnswer(at: 38) == false, "it is killed once")
  }

  @Test func agentThatSleptKillsNobody() {
    var state = SupervisorState(at: 0)
    state.spawned(pid: 1)
    _ = state.answered(Self.serving, at: 1)
    // Stopped for an hour, once between two polls and once between two misses.
    #expect(state.didNotAnswer(at: 3600) == false)
    #expect(state.didNotAnswer(at: 7200) == false)
    _ = state.answered(Self.serving, at: 7201)
    for second in 7202...7207 { #expect(state.didNotAnswer(at: Double(second)) == false, "an answer ends the silence") }
    #expect(state.didNotAnswer(at: 7208) == true)
  }

  @Test func endsWhileLoadingAreTheModelsOwn() {
    var state = SupervisorState(at: 0)
    for pid in 1...2 {
      state.spawned(pid: Int32(pid))
      _ = state.answered(EngineReport(), at: 1)
      state.beganLoading()
      state.loads("good")
      state.loads("bad")
      state.ended("killed", isPlanned: false, at: 2, jitter: 0)
    }
    state.activated("good")
    #expect(state.shouldPassOverActive(of: "bad") && !state.shouldPassOverActive(of: "good"))
    state.spawned(pid: 3)
    _ = state.answered(EngineReport(), at: 3)
    state.beganLoading()
    state.finishedLoading(problems: ["bad": "bad cannot be loaded", "ugly": "nor can ugly"])
    state.activated("ugly")
    #expect(state.loadProblem == "bad cannot be loaded")
    state.activated("bad")
    #expect(state.loadProblem == nil)
  }

  @Test func thirdCrashWithinAMinuteIsToldOnce() {
    let (one, two) = (ModelVersion(name: "m", number: 1), ModelVersion(name: "n", number: 2))
    var state = SupervisorState(at: 0)
    func crash(at seconds: Double, _ versions: [ModelVersion], isPlanned: Bool = false) -> [ModelVersion] {
      state.spawned(pid: 1)
      return state.ended("killed", isPlanned: isPlanned, versions: versions, at: seconds, jitter: 0)
    }
    #expect(crash(at: 0, [one]) == [])
    #expect(crash(at: 10, [one, one]) == [], "one crash counts once")
    #expect(crash(at: 20, [one], isPlanned: true) == [], "what the agent ordered is no crash")
    #expect(crash(at: 61, [one, two]) == [], "the first is forgotten")
    #expect(crash(at: 69, [one]) == [one])
    #expect(crash(at: 70, [one]) == [], "it begins anew")
    #expect(crash(at: 71, []) == [])
    #expect(crash(at: 72, [two]) == [])
    #expect(crash(at: 73, [two]) == [two])
  }

  @Test func computationOverItsLimitIsHungOnce() {
    var state = SupervisorState(at: 0)
    let version = ModelVersion(name: "m", number: 1)
    func report(_ seconds: Double) -> EngineReport {
      var report = Self.serving
      report.computing = [EngineComputation(version: version, seconds: seconds, limitSeconds: 1.5)]
      return report
    }
    state.spawned(pid: 1)
    _ = state.answered(report(1.5), at: 1)
    #expect(state.condemnOverdue() == nil)
    _ = state.answered(report(1.6), at: 2)
    #expect(state.condemnOverdue() == "m@1 computed for more than its limit of 1.5s and was killed")
    #expect(state.state == .hung)
    _ = state.answered(report(2.6), at: 3)
    #expect(state.condemnOverdue() == nil, "it is killed once")
    state.ended("killed by signal 9 (SIGKILL)", isPlanned: false, at: 4, jitter: 0)
    #expect(state.problem == "m@1 computed for more than its limit of 1.5s and was killed")
    state.spawned(pid: 2)
    state.ended("exit status 1", isPlanned: false, at: 5, jitter: 0)
    #expect(state.problem == "exit status 1")
  }

  @Test func whatWasDoneIsToldUntilAnotherVersionIsActivated() {
    var state = SupervisorState(at: 0)
    state.retired(ModelVersion(name: "m", number: 2), "went back to m@1")
    #expect(state.problem == "went back to m@1")
    state.activated("n")
    #expect(state.problem == "went back to m@1")
    state.activated("m")
    #expect(state.problem == nil)
  }

  /// Whatever happens in whatever order: a version is told of at its third crash within a minute, and never otherwise.
  @Test func anyHistoryOfCrashesIsCountedRight() {
    var random = SeededRandom()
    for _ in 0..<200 {
      var state = SupervisorState(at: 0)
      var times: [ModelVersion: [Double]] = [:]
      var now = 0.0
      for _ in 0..<80 {
        now += Double.random(in: 0...30, using: &random)
        state.spawned(pid: 1)
        let versions = (1...3).filter { _ in random.chance(0.4) }.map { ModelVersion(name: "m", number: $0) }
        let isPlanned = random.chance(0.2)
        let told = state.ended("killed", isPlanned: isPlanned, versions: versions, at: now, jitter: 0.5)
        if isPlanned {
          #expect(told.isEmpty, "\(random)")
          continue
        }
        var expected: [ModelVersion] = []
        for version in versions {
          let recent = times[version, default: []].filter { now - $0 <= SupervisorState.crashWindow } + [now]
          times[version] = recent.count >= SupervisorState.crashLimit ? [] : recent
          if recent.count >= SupervisorState.crashLimit { expected.append(version) }
        }
        #expect(told == expected, "\(random)")
      }
    }
  }

  /// Whatever happens in whatever order: the machine never has two engines, never hurries more than it may, and never forgets to start one.
  @Test func anyHistoryKeepsThePromises() {
    var random = SeededRandom()
    for _ in 0..<300 {
      var state = SupervisorState(at: 0)
      var now = 0.0
      var pid: Int32 = 0
      var restarts: UInt64 = 0
      for _ in 0..<60 {
        now += Double.random(in: 0...8, using: &random)
        switch state.phase {
        case .away(let spawnAt):
          #expect(state.pid == nil && spawnAt <= now + SupervisorState.longestDelay, "\(random)")
          #expect([.starting, .restarting].contains(state.state), "\(random)")
          pid += 1
          now = max(now, spawnAt)
          if random.chance(0.9) {
            state.spawned(pid: pid)
          } else {
            state.ended("cannot start", isPlanned: false, at: now, jitter: .random(in: 0...1, using: &random))
            restarts += 1
          }
        case .starting, .answering, .condemned:
          #expect(state.pid == pid, "\(random)")
          switch Int.random(in: 0...6, using: &random) {
          case 0:
            let isPlanned = random.chance(0.3)
            state.ended("killed", isPlanned: isPlanned, at: now, jitter: .random(in: 0...1, using: &random))
            if !isPlanned { restarts += 1 }
          case 1: _ = state.didNotAnswer(at: now)
          case 6:
            let words = state.condemnOverdue()
            #expect((words != nil) == (state.phase == .condemned && words != nil), "\(random)")
          case 2: state.beganLoading()
          case 3: state.finishedLoading(problems: random.chance(0.5) ? ["m": "bad"] : [:])
          default: _ = state.answered(random.chance(0.5) ? Self.serving : EngineReport(), at: now)
          }
        }
        #expect(state.restarts == restarts, "\(random)")
        #expect((state.report != nil) || state.state != .serving, "serving needs a report, \(random)")
      }
    }
  }
}
