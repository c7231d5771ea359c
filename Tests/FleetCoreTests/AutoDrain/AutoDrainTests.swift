import FleetCore
import Foundation
import Testing

struct AutoDrainTests {
  /// A node that is shown to the rule once a second, and does what it says when siblings let it.
  private struct Rig {
    var machine = AutoDrain()
    var rule = AutoDrainRule(mode: .on, after: .seconds(60), rest: .seconds(60), probation: .seconds(300))
    var seconds = 0.0
    var availability = Availability.serving
    var drainedBy: String?
    var health = Health.healthy
    var needsRequests = false
    var refusal: String?
    /// Every change between serving and away.
    var transitions = 0
    var asked: [Double] = []

    var sight: AutoDrain.Sight {
      AutoDrain.Sight(
        seconds: seconds,
        date: Date(timeIntervalSince1970: 1_800_000_000 + seconds),
        health: health,
        reason: "p99 220 ms is over the SLO of 100 ms",
        needsRequests: needsRequests,
        availability: availability,
        drainedBy: drainedBy
      )
    }

    mutating func run(_ duration: Int) {
      for _ in 0..<duration {
        seconds += 1
        switch machine.observe(sight, rule) {
        case .none: break
        case .drain(let reason):
          asked.append(seconds)
          if let refusal {
            machine.refused(refusal, sight)
          } else {
            machine.ordered(reason, sight)
            drain(by: AutoDrain.orderedBy)
          }
        case .undrain:
          availability = .serving
          drainedBy = nil
          transitions += 1
        }
      }
    }

    mutating func drain(by person: String) {
      availability = .drained
      drainedBy = person
      transitions += 1
    }

    mutating func undrain() {
      availability = .serving
      drainedBy = nil
    }
  }

  @Test func aPassingFaultComesBackByItself() {
    var rig = Rig()
    rig.health = .faulty
    rig.run(59)
    #expect(rig.machine.stage == .watching && rig.transitions == 0)
    rig.run(2)
    #expect(rig.machine.stage == .draining && rig.availability == .drained)
    #expect(rig.machine.status(.on).text == "faulty for 1m: p99 220 ms is over the SLO of 100 ms")
    rig.run(30)
    rig.health = .healthy
    rig.run(29)
    #expect(rig.machine.stage == .draining)
    rig.run(3)
    #expect(rig.machine.stage == .probation && rig.availability == .serving)
    rig.run(301)
    #expect(rig.machine.stage == .watching && rig.transitions == 2)
  }

  @Test func aFaultThatStaysInSightKeepsItAway() {
    var rig = Rig()
    rig.health = .faulty
    rig.run(7200)
    #expect(rig.machine.stage == .draining && rig.transitions == 1)
  }

  @Test func aFaultThatOnlyRequestsShowIsTriedOutOnce() {
    var rig = Rig()
    rig.health = .faulty
    rig.needsRequests = true
    rig.run(7200)
    #expect(rig.machine.stage == .held && rig.transitions == 3)
    #expect(rig.machine.status(.on).text.contains("a person has to undrain it"))
    rig.undrain()
    rig.run(7200)
    // The person knows better, until the node was well once.
    #expect(rig.machine.stage == .watching && rig.availability == .serving)
    rig.health = .healthy
    rig.run(10)
    rig.health = .faulty
    rig.run(61)
    #expect(rig.machine.stage == .held)
  }

  @Test func shadowOnlySpeaks() {
    var rig = Rig()
    rig.rule.mode = .shadow
    rig.health = .faulty
    rig.run(600)
    #expect(rig.machine.stage == .wouldDrain && rig.transitions == 0 && rig.asked.isEmpty)
    #expect(rig.machine.status(.shadow).text.hasPrefix("would drain: faulty for 1m"))
    rig.health = .healthy
    rig.run(1)
    #expect(rig.machine.stage == .watching)
  }

  @Test func offDoesNothing() {
    var rig = Rig()
    rig.rule.mode = .off
    rig.health = .faulty
    rig.run(600)
    #expect(rig.machine.stage == .watching && rig.asked.isEmpty)
  }

  @Test func aRefusalIsToldAndAskedAgainEverLater() {
    var rig = Rig()
    rig.health = .faulty
    rig.refusal = "austin-01/a is the last serving node"
    rig.run(1200)
    #expect(rig.machine.stage == .refused && rig.machine.status(.on).text == rig.refusal)
    let pauses = zip(rig.asked.dropFirst(), rig.asked).map { $0 - $1 }
    #expect(Array(pauses.prefix(4)) == [10, 20, 40, 80] && pauses.allSatisfy { $0 <= 300 })
    rig.refusal = nil
    rig.run(301)
    #expect(rig.machine.stage == .draining)
  }

  @Test func aPersonsDrainIsNotItsToEnd() {
    var rig = Rig()
    rig.drain(by: "kim")
    rig.health = .faulty
    rig.run(600)
    rig.health = .healthy
    rig.run(600)
    #expect(rig.availability == .drained && rig.machine.stage == .watching && rig.transitions == 1)
  }

  @Test func aFaultThatNeverLastsIsLeftAlone() {
    var rig = Rig()
    // Faulty half of the time, in turns of 40 s: never for long enough.
    for turn in 0..<50 {
      rig.health = turn % 2 == 0 ? .faulty : .healthy
      rig.run(40)
    }
    #expect(rig.transitions == 0)
  }

  @Test func aRestartContinues() throws {
    var rig = Rig()
    rig.health = .faulty
    rig.run(61)
    rig.machine = try JSONDecoder().decode(AutoDrain.self, from: JSONEncoder().encode(rig.machine))
    #expect(rig.machine.stage == .draining)
    rig.health = .healthy
    rig.run(62)
    #expect(rig.machine.stage == .probation)
  }

  @Test func ruleIsReadAndTold() throws {
    let rule = try AutoDrainRule(parsing: "shadow after=2m per_hour=10%")
    #expect(rule == AutoDrainRule(mode: .shadow, after: .seconds(120), perHour: 0.1))
    #expect(try AutoDrainRule(parsing: rule.text) == rule)
    do throws(CommandError) {
      _ = try AutoDrainRule(parsing: "shadw after=1s aftr=5s rest")
      Issue.record("it was taken")
    } catch {
      #expect(
        error.message == """
          --auto-drain: expected off, shadow, on first, found 'shadw'; did you mean 'shadow'?
          --auto-drain: after: expected a duration from '5s' to '24h', found '1s'
          --auto-drain: unknown key 'aftr'; did you mean 'after'?
          --auto-drain: expected KEY=VALUE such as 'after=60s', found 'rest'
          """
      )
    }
  }

  @Test func ledgerLetsOneGoAtATime() {
    let (a, b) = (NodeName(store: "s", node: "a"), NodeName(store: "s", node: "b"))
    var ledger = AutoDrainLedger()
    #expect(ledger.objection(to: a, at: 1000, perHour: 0.05, nodes: 4) == nil)
    ledger.note(a, at: 1000)
    // The same node again is the same fault.
    #expect(ledger.objection(to: a, at: 2000, perHour: 0.05, nodes: 4) == nil)
    // 5% of 4 nodes in an hour is one in five hours.
    #expect(
      ledger.objection(to: b, at: 4600, perHour: 0.05, nodes: 4)
        == "says that s/a has drained itself already, and the share of an hour allows the next in 4h"
    )
    #expect(ledger.objection(to: b, at: 19_001, perHour: 0.05, nodes: 4) == nil)
  }
}
