import FleetCore
import Foundation
import Testing

/// Rollouts wait for the hours of stores, and nothing else waits with them.
struct RolloutHoursTests {
  private func rig(stores: Int = 2, waves: String = "100%") throws -> RolloutRig {
    var rig = RolloutRig(
      stores: stores,
      RolloutStrategy(waves: try Waves(parsing: waves), bake: .seconds(10), gate: .none, storesAtOnce: 4)
    )
    rig.attachAll()
    return rig
  }

  @Test func aClosedStoreWaitsAndAnotherOneGoesOn() throws {
    var rig = try rig()
    #expect(rig.phase("s00/a") == .transferring && rig.phase("s01/a") == .transferring)
    let opens = rig.now + 8000
    let actions = rig.give(.closed(rig.name("s00/a"), until: opens, sentBytes: 7))
    #expect(rig.phase("s00/a") == .waiting && rig.reason("s00/a") == "waits for its store's hours")
    #expect(rig.machine.node(rig.name("s00/b"))?.opens == opens, "nor is its sibling begun")
    #expect(!actions.contains(.transfer(rig.name("s00/b"))))
    rig.bring("s01/a", to: .passed)
    #expect(rig.phase("s01/b") == .transferring)
    rig.bring("s01/b", to: .passed)
    #expect(rig.machine.state == .running && rig.machine.nextDeadline == opens)

    rig.give(.tick, after: 100)
    #expect(rig.phase("s00/a") == .waiting, "not yet")
    rig.tickToDeadline()
    #expect(rig.phase("s00/a") == .transferring && rig.phase("s00/b") == .waiting)
    #expect(rig.machine.node(rig.name("s00/a"))?.sentBytes == 7)
    rig.bring("s00/a", to: .passed)
    rig.bring("s00/b", to: .passed)
    #expect(rig.machine.state == .succeeded)
    #expect(rig.machine.node(rig.name("s00/a"))?.sentBytes == 17, "before and after the night")
  }

  @Test func theNextWaveWaitsToo() throws {
    var rig = try rig(waves: "1,100%")
    rig.give(.closed(rig.name("s00/a"), until: rig.now + 500, sentBytes: 0))
    #expect(rig.phase("s01/a") == .waiting && rig.machine.wave == 0)
  }

  @Test func anotherDriverKnowsTheHours() throws {
    var rig = try rig()
    rig.give(.closed(rig.name("s00/a"), until: rig.now + 500, sentBytes: 0))
    var again = RolloutMachine(rig.machine.plan, replaying: rig.journal)
    #expect(again == rig.machine)
    let actions = again.handle(.attached, at: rig.now + 1)
    #expect(!actions.contains(.transfer(rig.name("s00/a"))) && again.nextDeadline == rig.machine.nextDeadline)
  }

  @Test func aNodeThatGoesAwayMeanwhileAsksAnew() throws {
    var rig = try rig(stores: 1)
    let node = rig.name("s00/a")
    rig.give(.closed(node, until: rig.now + 500, sentBytes: 0))
    rig.give(.unreachable(node, "gone"))
    #expect(rig.phase("s00/a") == .unreachable && rig.machine.node(node)?.opens == nil)
    rig.give(.reachable(node, serving: RolloutRig.old))
    #expect(rig.phase("s00/a") == .transferring)
  }

  @Test func cancelEndsTheWait() throws {
    var rig = try rig(stores: 1)
    rig.give(.closed(rig.name("s00/a"), until: rig.now + 500, sentBytes: 0))
    rig.give(.control(RolloutControl(.cancel, by: "kim")))
    #expect(rig.machine.state.isTerminal && rig.phase("s00/a") == .cancelled)
  }

  @Test func hoursThatAreTooShortFailInTheEnd() throws {
    var rig = try rig(stores: 1)
    let node = rig.name("s00/a")
    for _ in 0...RolloutMachine.maximumClosings where rig.phase("s00/a") == .transferring {
      rig.give(.closed(node, until: rig.now + 86_400, sentBytes: 0))
      if rig.phase("s00/a") == .waiting { rig.tickToDeadline() }
    }
    #expect(rig.phase("s00/a") == .failed && rig.reason("s00/a").contains("hours were over 31 times"))
    #expect(rig.machine.state.isTerminal)
  }

  @Test func strategiesOfOlderJournalsHaveNoHours() throws {
    let strategy = RolloutStrategy(
      window: try TimeWindow(parsing: "22:00-05:00"),
      storeLimit: try ByteRate(parsing: "2MB/s")
    )
    let data = try JSONEncoder().encode(strategy)
    #expect(try JSONDecoder().decode(RolloutStrategy.self, from: data) == strategy)
    #expect(String(decoding: data, as: UTF8.self).contains(#""window":"22:00-05:00""#))
    let plain = try JSONEncoder().encode(RolloutStrategy())
    #expect(!String(decoding: plain, as: UTF8.self).contains("window"), "as it was before there were any")
    #expect(try JSONDecoder().decode(RolloutStrategy.self, from: plain) == RolloutStrategy())
  }
}
