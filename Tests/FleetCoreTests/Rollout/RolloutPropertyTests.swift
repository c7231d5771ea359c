import FleetCore
import FleetTestSupport
import Foundation
import Testing

/// What holds of a rollout whatever happens, tried with random events. FLEET_SEED repeats a run.
struct RolloutPropertyTests {
  private static let other = NodeVersion(
    version: ModelVersion(name: "tag-reader", number: 9),
    digest: ModelDigest(ofManifest: [9])
  )

  private func strategy(_ random: inout SeededRandom) throws -> RolloutStrategy {
    RolloutStrategy(
      waves: try Waves(parsing: ["1,10%,50%,100%", "100%", "2,3,4"].randomElement(using: &random) ?? "1"),
      bake: .seconds(Int.random(in: 0...60, using: &random)),
      gate: try Gate(parsing: ["p99 < 50ms", "none", "p99 < 2 * before"].randomElement(using: &random) ?? "none"),
      abort: try AbortRule(
        parsing: ["failed >= 1", "failed >= 3 and failed >= 10%", "failed > 99%"].randomElement(using: &random) ?? ""
      ),
      stepTimeout: .seconds(Int.random(in: 1...600, using: &random)),
      returnTimeout: .seconds(Int.random(in: 0...600, using: &random)),
      undecidedTimeout: .seconds(Int.random(in: 0...600, using: &random)),
      storesAtOnce: Int.random(in: 1...4, using: &random)
    )
  }

  private func event(for node: NodeName, _ random: inout SeededRandom) -> RolloutEvent {
    let served =
      [
        nil, RolloutRig.old, RolloutRig.old, RolloutRig.old, Self.other,
        NodeVersion(version: RolloutRig.version, digest: RolloutRig.digest),
      ].randomElement(using: &random) ?? nil
    switch Int.random(in: 0...15, using: &random) {
    case 0: return .reachable(node, serving: served)
    case 1: return .unreachable(node, "gone")
    case 2, 3: return .transferred(node, sentBytes: 10)
    case 4, 5: return .activated(node, before: RolloutRig.old.version)
    case 6, 7, 8: return .judged(node, RolloutRig.verdict(.passed))
    case 9: return .judged(node, RolloutRig.verdict(random.chance(0.1) ? .failed : .undecided))
    case 10, 11: return .confirmed(node)
    case 12: return .restored(node, serving: served?.version, wasSwitched: random.chance(0.5))
    case 13: return random.chance(0.2) ? .failed(node, CommandError(.failed, "it broke")) : .tick
    case 14: return .closed(node, until: Double.random(in: 1000...5000, using: &random), sentBytes: 3)
    default:
      return random.chance(0.1) ? .superseded(node, by: Self.other.version) : .measured(node, .absent("no frames"))
    }
  }

  private func control(_ random: inout SeededRandom) -> RolloutEvent {
    let kinds: [RolloutControl.Kind] = [.pause, .resume, .resume, .cancel, .undo]
    return .control(RolloutControl(kinds.randomElement(using: &random) ?? .resume, by: "kim"))
  }

  private func checkInvariants(_ rig: RolloutRig, _ random: SeededRandom) {
    let machine = rig.machine
    for store in Dictionary(grouping: machine.nodes, by: \.store).values {
      #expect(store.count { $0.phase.isSwitch } <= 1, "two of a store in the middle of a switch; \(random)")
    }
    if case .running = machine.state {
      #expect(machine.nextDeadline != nil, "a rollout that runs has something to wait for; \(random)")
    }
    for node in machine.nodes where node.phase.isBusy {
      #expect(node.deadline != nil, "\(node.name) is \(node.phase) without a deadline; \(random)")
    }
    guard machine.state.isTerminal else { return }
    for node in machine.nodes {
      #expect(
        !node.phase.isBusy && node.phase != .waiting && !node.isCondemned,
        "\(node.name) is \(node.phase); \(random)"
      )
      if node.isProvisional {
        let isSaid = node.phase == .failed || node.phase == .unreachable
        #expect(isSaid && node.reason.contains("may serve tag-reader@2 on probation"), "\(node); \(random)")
      }
    }
  }

  /// Runs random events; gives the rig as it stands then.
  private func randomRun(_ random: inout SeededRandom, controls: Bool = true) throws -> RolloutRig {
    let stores = Int.random(in: 1...6, using: &random)
    var rig = RolloutRig(stores: stores, nodesPerStore: Int.random(in: 1...3, using: &random), try strategy(&random))
    if random.chance(0.9) { rig.attachAll(except: random.chance(0.5) ? ["s00/a"] : []) }
    for _ in 0..<Int.random(in: 0...300, using: &random) {
      let node = rig.machine.plan.nodes.randomElement(using: &random) ?? rig.name("s00/a")
      let step = Double.random(in: -1...20, using: &random)
      if controls, random.chance(0.01) {
        rig.give(control(&random), after: step)
      } else if random.chance(0.01) {
        rig.give(.attached, after: step)
      } else {
        rig.give(event(for: node, &random), after: step)
      }
      checkInvariants(rig, random)
    }
    return rig
  }

  @Test func noRolloutEverSticks() throws {
    var random = SeededRandom()
    for _ in 0..<400 {
      var rig = try randomRun(&random)
      if rig.machine.state == .ready { rig.give(.attached) }
      rig.give(.control(RolloutControl(.resume, by: "kim")))
      let bound = rig.machine.nodes.count * 6 + 10
      var ticks = 0
      while !rig.machine.state.isTerminal, ticks < bound {
        rig.tickToDeadline()
        checkInvariants(rig, random)
        ticks += 1
      }
      #expect(rig.machine.state.isTerminal, "\(rig.machine.state) after \(ticks) ticks; \(random)")
    }
  }

  @Test func undoOfAnyEndComesToAnEnd() throws {
    var random = SeededRandom()
    for _ in 0..<200 {
      var rig = try randomRun(&random, controls: false)
      rig.give(.control(RolloutControl(.undo, by: "kim")))
      for _ in 0..<200 where !rig.machine.state.isTerminal { rig.tickToDeadline() }
      checkInvariants(rig, random)
      guard case .ended(.undone, _) = rig.machine.state else {
        Issue.record("\(rig.machine.state); \(random)")
        continue
      }
      #expect(!rig.machine.nodes.contains { $0.phase == .passed }, "\(random)")
    }
  }

  @Test func aJournalMakesTheSameState() throws {
    var random = SeededRandom()
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    for _ in 0..<200 {
      let rig = try randomRun(&random)
      let plan = try decoder.decode(RolloutPlan.self, from: encoder.encode(rig.machine.plan))
      #expect(plan == rig.machine.plan)
      let events = try rig.journal.map { entry in
        (event: try decoder.decode(RolloutEvent.self, from: encoder.encode(entry.event)), seconds: entry.seconds)
      }
      #expect(RolloutMachine(plan, replaying: events) == rig.machine, "\(random)")
    }
  }

  @Test func whoeverDoesWhatIsAskedBringsItToEveryNode() throws {
    var random = SeededRandom()
    for _ in 0..<100 {
      var rig = RolloutRig(
        stores: Int.random(in: 1...12, using: &random),
        nodesPerStore: Int.random(in: 1...4, using: &random),
        try strategy(&random)
      )
      var wanted = rig.give(.attached)
      var largest = 0
      while !wanted.isEmpty {
        let action = wanted.remove(at: Int.random(in: 0..<wanted.count, using: &random))
        switch action {
        case .look(let node): wanted += rig.give(.reachable(node, serving: RolloutRig.old))
        case .transfer(let node): wanted += rig.give(.transferred(node, sentBytes: 10))
        case .activate(let node): wanted += rig.give(.activated(node, before: nil))
        case .bake(let node): wanted += rig.give(.judged(node, GateVerdict(findings: [])))
        case .confirm(let node): wanted += rig.give(.confirmed(node))
        case .rollBack, .stop: Issue.record("\(action) in a rollout that goes well; \(random)")
        }
        let busy = Set(rig.machine.nodes.filter(\.phase.isBusy).map(\.store)).count
        largest = max(largest, busy)
        checkInvariants(rig, random)
      }
      #expect(rig.machine.state == .succeeded, "\(random)")
      #expect(largest <= rig.machine.plan.strategy.storesAtOnce, "\(random)")
    }
  }
}
