import FleetCore
import FleetTestSupport
import Synchronization
import Testing

@testable import FleetConsole

/// The driver dies at every event, and nodes come and go.
@Suite struct RolloutCrashTests {
  /// Runs drivers one after the other, the first of which dies after `limit` events.
  private func runs(_ fleet: RolloutFleet, _ strategy: RolloutStrategy, dyingAfter limit: Int) async
    -> (report: RolloutReport, wasKilled: Bool)
  {
    let first = MemoryJournal(limit: limit)
    let report = await fleet.job(strategy, journal: first).run { _ in }
    guard report.problem != nil else { return (report, false) }
    return (await fleet.job(strategy, replaying: first.all).run { _ in }, true)
  }

  @Test(.timeLimit(.minutes(5))) func aDriverKilledAtAnyEventEndsAsOneThatLived() async throws {
    let strategy = try RolloutFleet.strategy(gate: "p99 < 1.5 * before", bake: .milliseconds(150))
    var points = 0
    var isThrough = false
    while !isThrough {
      let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
      let (report, wasKilled) = await runs(fleet, strategy, dyingAfter: points)
      #expect(report.state == "succeeded", "killed after \(points): \(report.reason)")
      for agent in fleet.agents {
        #expect(await agent.active() == 2, "killed after \(points): \(agent.name)")
        let roles = try await agent.twin.describe().repository.map { "\($0.version.number) \($0.role.rawValue)" }
        #expect(roles == ["1 previous", "2 active"], "killed after \(points)")
      }
      isThrough = !wasKilled
      points += 1
    }
    #expect(points > 10)
    print("killed at \(points - 1) points of a rollout that passes")
  }

  @Test(.timeLimit(.minutes(5))) func aDriverKilledAtAnyEventOfAFailureTakesItBackOnce() async throws {
    let strategy = try RolloutFleet.strategy(gate: "p99 < 50ms", bake: .milliseconds(150))
    var points = 0
    var isThrough = false
    while !isThrough {
      let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1, new: Behaviour(microseconds: 90_000))
      let (report, wasKilled) = await runs(fleet, strategy, dyingAfter: points)
      #expect(report.state == "failed", "killed after \(points): \(report.state) \(report.reason)")
      for agent in fleet.agents { #expect(await agent.active() == 1, "killed after \(points): \(agent.name)") }
      isThrough = !wasKilled
      points += 1
    }
    print("killed at \(points - 1) points of a rollout that fails")
  }

  /// 100 stores of two; three of ten nodes off from the start, one of ten gone in the middle of its transfer. Half of those that
  /// are away come back while the rollout lives.
  @Test(.timeLimit(.minutes(5))) func nodesThatAreAwayOrVanishHoldNothingUp() async throws {
    let fleet = try await RolloutFleet(stores: 100, nodesPerStore: 2)
    var random = SeededRandom()
    let shuffled = fleet.agents.shuffled(using: &random)
    let (off, vanishing) = (shuffled[..<60], shuffled[60..<80])
    for agent in off { await agent.twin.setPaused(true) }
    for agent in vanishing {
      let writes = Mutex(0)
      agent.onCommand { command, agent throws(CommandError) in
        guard case .write = command else { return }
        if writes.withLock({
          $0 += 1; return $0
        }) == 2 {
          await agent.twin.setPaused(true)
        }
      }
    }
    let returning = Array(off.prefix(30)) + Array(vanishing.prefix(10))
    let strategy = try RolloutFleet.strategy(
      waves: "1,10%,50%,100%",
      gate: "errors < 1%",
      bake: .milliseconds(200),
      abort: "failed >= 50%",
      returning: .seconds(15),
      storesAtOnce: 32
    )
    let haveReturned = Mutex(false)
    let began = ContinuousClock.now
    let report = await fleet.job(strategy).run { report in
      guard report.settled == report.nodes, !report.isEnded else { return }
      guard
        !haveReturned.withLock({ was in
          defer { was = true }; return was
        })
      else { return }
      Task { for agent in returning { await agent.twin.setPaused(false) } }
    }
    print("200 nodes, 60 off, 20 vanishing, 40 returning: \(report.state) after \(began.duration(to: .now)); \(random)")
    #expect(report.state == "incomplete", "\(report.reason); \(random)")
    #expect(report.counts == ["passed": 160, "unreachable": 40], "\(random)")
    let left = Set(report.allNodes.filter { $0.phase == .unreachable }.map(\.node))
    #expect(left == Set((off.dropFirst(30) + vanishing.dropFirst(10)).map(\.name)), "\(random)")
    for agent in fleet.agents {
      let activations = agent.count { if case .activate = $0 { true } else { false } }
      #expect(
        activations == (left.contains(agent.name) ? 0 : 1),
        "\(agent.name) was switched \(activations) times; \(random)"
      )
      #expect(await agent.active() == (left.contains(agent.name) ? 1 : 2), "\(agent.name); \(random)")
    }
  }
}
