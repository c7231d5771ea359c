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
    /// Requests a second that its clients send.
    var rate = 15.0
    /// They send them to nodes that say that they are ready.
    var goByReadiness = false
    var answered = 0.0
    /// What it answers of them while it is drained.
    var trialShare = 0.0
    var trialShares: [Double] = []
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
        answered: UInt64(answered),
        availability: availability,
        drainedBy: drainedBy
      )
    }

    mutating func run(_ duration: Int) {
      for _ in 0..<duration {
        seconds += 1
        answered += rate * (availability == .serving ? 1 : goByReadiness ? 0 : trialShare)
        let action = machine.observe(sight, rule)
        trialShare = if case .takeOnTrial(let share) = action { share } else { 0 }
        if trialShares.last != trialShare { trialShares.append(trialShare) }
        switch action {
        case .none, .takeOnTrial: break
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
    // It says so first.
    rig.run(2)
    #expect(rig.machine.stage == .watching && rig.machine.status(.on).askingSince != nil)
    rig.run(8)
    #expect(rig.machine.stage == .draining && rig.availability == .drained)
    #expect(rig.machine.status(.on).askingSince == nil)
    #expect(rig.machine.status(.on).text == "faulty for 1m: p99 220 ms is over the SLO of 100 ms")
    rig.run(30)
    rig.health = .healthy
    rig.run(29)
    #expect(rig.machine.stage == .draining)
    rig.run(3)
    #expect(rig.machine.stage == .probation && rig.availability == .drained && rig.trialShare == 0.25)
    #expect(rig.machine.status(.on).text == "answers 25% of its requests on trial")
    rig.run(50)
    #expect(rig.trialShare == 0.5 && rig.machine.status(.on).text == "answers 50% of its requests on trial")
    rig.run(50)
    #expect(rig.trialShare == 1)
    rig.run(51)
    #expect(rig.machine.stage == .probation && rig.availability == .serving && rig.trialShare == 0)
    rig.run(301)
    #expect(rig.machine.stage == .watching && rig.transitions == 2 && rig.trialShares == [0, 0.25, 0.5, 1, 0])
  }

  @Test func aFaultThatStaysInSightKeepsItAway() {
    var rig = Rig()
    rig.health = .faulty
    rig.run(7200)
    #expect(rig.machine.stage == .draining && rig.transitions == 1)
  }

  @Test func aFaultThatOnlyRequestsShowIsSeenOnTrial() {
    var rig = Rig()
    rig.health = .faulty
    rig.needsRequests = true
    rig.run(7200)
    #expect(rig.machine.stage == .held && rig.transitions == 1 && rig.trialShares == [0, 0.25, 0])
    #expect(
      rig.machine.status(.on).text
        == "faulty on trial with 25% of its requests: p99 220 ms is over the SLO of 100 ms; a person has to undrain it"
    )
    rig.undrain()
    rig.run(7200)
    // The person knows better, until the node was well once.
    #expect(rig.machine.stage == .watching && rig.availability == .serving)
    rig.health = .healthy
    rig.run(10)
    rig.health = .faulty
    rig.run(70)
    #expect(rig.machine.stage == .held)
  }

  /// Its clients go by readiness, say: then only serving shows it.
  @Test func whereNoRequestsComeToADrainedNodeItIsTriedOutOnce() {
    var rig = Rig()
    rig.goByReadiness = true
    rig.health = .faulty
    rig.needsRequests = true
    rig.run(7200)
    #expect(rig.machine.stage == .held && rig.transitions == 3 && rig.trialShares == [0, 0.25, 0.5, 1, 0])
    #expect(rig.machine.status(.on).text.contains("a person has to undrain it"))
  }

  /// A quarter of few requests is too few to tell by: more of them, until it is enough.
  @Test(arguments: [(3.0, [0, 0.25, 0.5, 1, 0]), (5.0, [0, 0.25, 0.5, 0])])
  func fewRequestsNeedALargerShare(rate: Double, shares: [Double]) {
    var rig = Rig()
    rig.rate = rate
    rig.health = .faulty
    rig.needsRequests = true
    rig.run(7200)
    #expect(rig.machine.stage == .held && rig.transitions == 1 && rig.trialShares == shares)
  }

  /// At night nothing can be said against it: it serves, and stays under watch.
  @Test func whereNoRequestsComeAtAllItServesUnderWatch() {
    var rig = Rig()
    rig.health = .faulty
    rig.needsRequests = true
    rig.run(100)
    rig.rate = 0.5
    rig.run(7200)
    #expect(rig.machine.stage == .probation && rig.availability == .serving && rig.transitions == 2)
    rig.rate = 15
    rig.run(100)
    #expect(rig.machine.stage == .held && rig.transitions == 3)
  }

  @Test func aPersonsOrderEndsATrial() {
    for by in [nil, "kim"] {
      var rig = Rig()
      rig.health = .faulty
      rig.run(70)
      rig.health = .healthy
      rig.run(70)
      #expect(rig.trialShare == 0.25)
      rig.drainedBy = by
      if by == nil { rig.undrain() }
      rig.run(60)
      #expect(rig.trialShare == 0 && rig.availability == (by == nil ? .serving : .drained))
      #expect(rig.machine.stage == (by == nil ? .probation : .watching))
    }
  }

  /// Whoever is told to stay while it says that it will go asks again, ever later.
  @Test func aConsoleMayObject() {
    var rig = Rig()
    let isHeldUnasked = rig.machine.held("no", rig.sight)
    #expect(!isHeldUnasked)
    rig.health = .faulty
    for (turn, pause) in [10, 20, 40].enumerated() {
      rig.run(turn == 0 ? 63 : pause / 2 + 2)
      #expect(rig.machine.status(.on).askingSince != nil, "turn \(turn)")
      let answers = [rig.machine.held("10 of 200 have", rig.sight), rig.machine.held("again", rig.sight)]
      #expect(answers == [true, false])
      #expect(rig.machine.stage == .refused && rig.machine.status(.on).text == "10 of 200 have")
      #expect(rig.machine.status(.on).askingSince == nil && rig.asked.isEmpty)
    }
    rig.run(60)
    #expect(rig.machine.stage == .draining && rig.transitions == 1)
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
    #expect(Array(pauses.prefix(4)) == [18, 28, 48, 88] && pauses.allSatisfy { $0 <= 308 })
    rig.refusal = nil
    rig.run(309)
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
    rig.run(69)
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
