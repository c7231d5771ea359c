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
      state.spawned(pid: Int32(pid), at: now)
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
      state.spawned(pid: Int32(pid), at: 0)
      state.ended("exit status 1", isPlanned: false, at: 0, jitter: 0)
    }
    state.spawned(pid: 6, at: 10)
    #expect(state.answered(Self.serving, at: 11) == true)
    #expect(state.problem == "exit status 1")
    #expect(state.answered(Self.serving, at: 11 + SupervisorState.forgiveness) == false)
    #expect(state.problem == nil)
    state.ended("exit status 1", isPlanned: false, at: 80, jitter: 1)
    #expect(state.phase == .away(spawnAt: 80.08))
  }

  @Test func silenceIsHungOnce() {
    var state = SupervisorState(at: 0)
    state.spawned(pid: 1, at: 0)
    #expect(state.isHung(at: SupervisorState.startLimit) == false)
    _ = state.answered(Self.serving, at: 20)
    #expect(state.isHung(at: 25) == false)
    #expect(state.isHung(at: 25.1) == true)
    #expect(state.state == .hung)
    #expect(state.isHung(at: 26) == false, "it is killed once")
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
            state.spawned(pid: pid, at: now)
          } else {
            state.ended("cannot start", isPlanned: false, at: now, jitter: .random(in: 0...1, using: &random))
            restarts += 1
          }
        case .starting, .answering, .condemned:
          #expect(state.pid == pid, "\(random)")
          switch Int.random(in: 0...5, using: &random) {
          case 0:
            let isPlanned = random.chance(0.3)
            state.ended("killed", isPlanned: isPlanned, at: now, jitter: .random(in: 0...1, using: &random))
            if !isPlanned { restarts += 1 }
          case 1: _ = state.isHung(at: now)
          case 2: state.beganLoading()
          case 3: state.finishedLoading(problem: random.chance(0.5) ? "bad" : nil)
          default: _ = state.answered(random.chance(0.5) ? Self.serving : EngineReport(), at: now)
          }
        }
        #expect(state.restarts == restarts, "\(random)")
        #expect((state.report != nil) || state.state != .serving, "serving needs a report, \(random)")
      }
    }
  }
}
