import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

/// Auto-drain in fleets of simulated stores, second by second: half of the nodes fall ill at once.
struct AutoDrainFleetTests {
  private static let start = Date(timeIntervalSince1970: 1_800_000_000)
  private static let rule = AutoDrainRule(
    mode: .on,
    after: .seconds(5),
    rest: .seconds(60),
    probation: .seconds(120),
    perHour: 0.05
  )

  /// A verdict with the delays of the health rules: faulty after 20 s of evidence, well after 10 s of evidence to the contrary.
  private struct Verdict {
    var rule: HealthRule
    var isIll = false
    var over = 0
    var clear = 0
    var isFaulty = false

    mutating func look(isServing: Bool) {
      guard isServing || ![.latency, .errors].contains(rule) else {
        // Without requests the last word stays.
        clear = 0
        return
      }
      (over, clear) = isIll ? (over + 1, 0) : (0, clear + 1)
      if over >= 20 { isFaulty = true }
      if clear >= 10 { isFaulty = false }
    }
  }

  private struct Fleet {
    var stores: [StoreBudgets] = []
    var frames: [[Frame]] = []
    var verdicts: [[Verdict]] = []
    /// Changes between serving and not, by node.
    var transitions: [NodeName: Int] = [:]
    /// Most nodes of one store that were away at once.
    var mostAway = 0

    init(stores count: Int, of nodes: Int, ill rule: HealthRule) {
      for store in 0..<count {
        let names = (0..<nodes).map { NodeName(store: "store-\(store)", node: "\($0)") }
        stores.append(StoreBudgets(names, rule: AutoDrainFleetTests.rule))
        verdicts.append(names.map { _ in Verdict(rule: rule) })
        frames.append(
          names.map { name in
            Frame(
              node: name,
              sequence: 0,
              agentStarted: start,
              time: start,
              engine: EngineStatus(state: .serving),
              models: [ModelStatus(name: "tag-reader", version: 1, digest: ModelDigest(ofManifest: [1]))]
            )
          }
        )
      }
    }

    mutating func run(_ seconds: Int) async {
      for _ in 0..<seconds {
        // Other tests need the thread too.
        await Task.yield()
        for store in stores.indices {
          for node in frames[store].indices { tick(store, node) }
          mostAway = max(mostAway, frames[store].count { $0.availability != .serving })
        }
      }
    }

    private mutating func tick(_ store: Int, _ node: Int) {
      var frame = frames[store][node]
      let wasServing = frame.availability == .serving
      verdicts[store][node].look(isServing: wasServing)
      let verdict = verdicts[store][node]
      frame.time.addTimeInterval(1)
      frame.health = verdict.isFaulty ? .faulty : .healthy
      frame.reasons = verdict.isFaulty ? ["it is ill"] : []
      frame.findings = verdict.isFaulty ? [Finding(verdict.rule, health: .faulty, text: "it is ill")] : []
      stores[store].observe(&frame)
      // Nothing is in flight for long.
      if frame.availability == .draining { frame.availability = .drained }
      if wasServing != (frame.availability == .serving) { transitions[frame.node, default: 0] += 1 }
      frames[store][node] = frame
    }

    /// Every second node.
    mutating func setIll(_ isIll: Bool) {
      for store in stores.indices {
        for node in frames[store].indices where node % 2 == 0 { verdicts[store][node].isIll = isIll }
      }
    }

    var away: Int { frames.joined().count { $0.availability != .serving } }

    func count(_ stage: AutoDrainStatus.Stage) -> Int { frames.joined().count { $0.autoDrain?.stage == stage } }
  }

  /// 200 nodes, of which 100 fall ill: one of each of the 50 stores goes, and the others only say that they would.
  @Test func theBreakerHoldsWhenHalfOfTheFleetFallsIll() async {
    var fleet = Fleet(stores: 50, of: 4, ill: .latency)
    await fleet.run(20)
    fleet.setIll(true)
    await fleet.run(600)
    #expect(fleet.mostAway == 1 && fleet.away == 50)
    #expect(fleet.transitions.count == 50, "\(fleet.transitions.count) nodes have left")
    #expect(fleet.count(.held) == 50 && fleet.count(.refused) == 50)
    // Out, tried out once since only requests show that fault, and out for good.
    #expect(fleet.transitions.values.allSatisfy { $0 == 3 }, "\(fleet.transitions)")
  }

  @Test func aFaultOf30SecondsIsBackWithoutAPerson() async {
    var fleet = Fleet(stores: 50, of: 4, ill: .latency)
    fleet.setIll(true)
    await fleet.run(30)
    fleet.setIll(false)
    #expect(fleet.away == 50)
    await fleet.run(400)
    #expect(fleet.away == 0 && fleet.mostAway == 1 && fleet.count(.watching) == 200)
    #expect(fleet.transitions.count == 50 && fleet.transitions.values.allSatisfy { $0 == 2 }, "\(fleet.transitions)")
  }

  @Test func aFaultThatStaysInSightKeepsItsNodeAway() async {
    var fleet = Fleet(stores: 10, of: 4, ill: .temperature)
    fleet.setIll(true)
    await fleet.run(3000)
    #expect(fleet.away == 10 && fleet.mostAway == 1 && fleet.count(.draining) == 10)
    #expect(fleet.transitions.values.allSatisfy { $0 == 1 }, "\(fleet.transitions)")
  }

  /// A disk that is full of something is no reason to take a node from its clients.
  @Test func aFaultThatClientsDoNotFeelDrainsNobody() async {
    var fleet = Fleet(stores: 5, of: 4, ill: .disk)
    fleet.setIll(true)
    await fleet.run(120)
    #expect(fleet.away == 0 && fleet.count(.watching) == 20)
  }

  /// Of two nodes that are ill alike nobody stays for the other.
  @Test func aStoreWhoseNodesAreAllIllServesOn() async {
    var fleet = Fleet(stores: 5, of: 2, ill: .temperature)
    for store in 0..<5 {
      for node in 0..<2 { fleet.verdicts[store][node].isIll = true }
    }
    await fleet.run(600)
    #expect(fleet.away == 0 && fleet.count(.refused) == 10)
  }

  /// The boxes of `fleet demo --simulate`, with the rules for health that real nodes go by.
  @Test func simulatedBoxesDrainThemselvesAndComeBack() async {
    let settings = SimulationSettings(nodes: 3, nodesPerStore: 3, seed: 8, hour: 18)
    let plan = SimulationPlan(settings).stores[0]
    var store = StoreSimulation(plan, settings: settings, autoDrain: Self.rule, start: Self.start.timeIntervalSince1970)
    var frames = plan.boxes.map { box in
      Frame(
        node: box.name,
        sequence: 0,
        agentStarted: Self.start,
        time: Self.start,
        isSimulated: true,
        engine: EngineStatus(state: .serving),
        models: [ModelStatus(name: "tag-reader", version: 1, digest: ModelDigest(ofManifest: [1]))]
      )
    }
    var stages: [AutoDrainStatus.Stage] = []
    for second in 0..<300 {
      await Task.yield()
      if second == 20 { store.setIllness(.slow(milliseconds: 300), of: frames[0].node) }
      if second == 55 { store.setIllness(nil, of: frames[0].node) }
      for index in frames.indices {
        frames[index].time.addTimeInterval(1)
        store.tick(&frames[index])
        if frames[index].availability == .draining { frames[index].availability = .drained }
      }
      guard let stage = frames[0].autoDrain?.stage, stages.last != stage else { continue }
      stages.append(stage)
    }
    #expect(stages == [.watching, .draining, .probation, .watching])
    #expect(frames.allSatisfy { $0.availability == .serving } && frames[1].capacity[0].perSecond.value ?? 0 > 20)
  }
}
