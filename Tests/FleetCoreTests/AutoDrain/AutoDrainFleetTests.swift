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
    rest: .seconds(10),
    probation: .seconds(30),
    perHour: 0.05
  )

  /// Simulated boxes, which go by the rules for health and for budgets that real nodes go by, and a console that looks at them when there
  /// is one.
  private struct Fleet {
    var stores: [StoreSimulation] = []
    var frames: [[Frame]] = []
    var breaker: FleetBreaker?
    var seconds = 0.0
    /// Changes between serving and not, by node.
    var transitions: [NodeName: Int] = [:]
    /// Most nodes of one store that were away at once.
    var mostAway = 0
    /// Of the whole fleet.
    var mostAwayOfAll = 0

    init(stores count: Int, of nodes: Int, hasConsole: Bool = false) {
      let settings = SimulationSettings(nodes: count * nodes, nodesPerStore: nodes, seed: 8, hour: 18)
      for plan in SimulationPlan(settings).stores {
        stores.append(
          StoreSimulation(
            plan,
            settings: settings,
            autoDrain: AutoDrainFleetTests.rule,
            start: start.timeIntervalSince1970
          )
        )
        frames.append(
          plan.boxes.map { box in
            Frame(
              node: box.name,
              sequence: 0,
              agentStarted: start,
              time: start,
              isSimulated: true,
              engine: EngineStatus(state: .serving),
              models: [ModelStatus(name: "tag-reader", version: 1, digest: ModelDigest(ofManifest: [1]))]
            )
          }
        )
      }
      if hasConsole { breaker = FleetBreaker(nodes: count * nodes, perHour: AutoDrainFleetTests.rule.perHour) }
    }

    mutating func run(_ count: Int) async {
      for _ in 0..<count {
        // Other tests need the thread too.
        await Task.yield()
        seconds += 1
        for store in stores.indices {
          for node in frames[store].indices { tick(store, node) }
          mostAway = max(mostAway, frames[store].count { $0.availability != .serving })
        }
        mostAwayOfAll = max(mostAwayOfAll, away)
      }
    }

    private mutating func tick(_ store: Int, _ node: Int) {
      var frame = frames[store][node]
      let wasServing = frame.availability == .serving
      frame.time.addTimeInterval(1)
      stores[store].tick(&frame)
      // Nothing is in flight for long.
      if frame.availability == .draining { frame.availability = .drained }
      if wasServing != (frame.availability == .serving) { transitions[frame.node, default: 0] += 1 }
      if let objection = breaker?.observe(frame, at: seconds) {
        // As when the box has gone meanwhile, which nobody can help.
        try? stores[store].hold(frame.node, because: objection)
      }
      frames[store][node] = frame
    }

    /// Every second node, or all.
    mutating func set(_ illness: BoxFaults.Illness?, all: Bool = false) {
      for store in stores.indices {
        for node in frames[store].indices where all || node % 2 == 0 {
          stores[store].setIllness(illness, of: frames[store][node].node)
        }
      }
    }

    var away: Int { frames.joined().count { $0.availability != .serving } }

    func count(_ stage: AutoDrainStatus.Stage) -> Int { frames.joined().count { $0.autoDrain?.stage == stage } }
  }

  private static let slow = BoxFaults.Illness.slow(milliseconds: 300)

  /// 200 nodes, of which 100 fall ill for good: 5% of the fleet go and stay away, and the others only say that they would.
  @Test func theBreakerHoldsWhenHalfOfTheFleetFallsIll() async {
    var fleet = Fleet(stores: 50, of: 4, hasConsole: true)
    await fleet.run(10)
    fleet.set(Self.slow)
    await fleet.run(130)
    // Places in the line that siblings made nothing of are given to others at the next asking.
    #expect((8...10).contains(fleet.away) && fleet.mostAwayOfAll <= 10 && fleet.mostAway == 1, "\(fleet.away)")
    #expect(fleet.count(.held) == fleet.away && fleet.count(.held) + fleet.count(.refused) == 100)
    // Out, seen to be ill still by what it answered on trial, and not back.
    #expect(fleet.transitions.count == fleet.away && fleet.transitions.values.allSatisfy { $0 == 1 })
  }

  @Test func aFaultOf30SecondsIsBackWithoutAPerson() async {
    var fleet = Fleet(stores: 50, of: 4, hasConsole: true)
    await fleet.run(10)
    fleet.set(Self.slow)
    await fleet.run(30)
    fleet.set(nil)
    await fleet.run(140)
    #expect(fleet.away == 0 && fleet.mostAway == 1 && fleet.count(.watching) == 200)
    // Those in whom it was seen late are well before they go.
    #expect((1...10).contains(fleet.transitions.count), "\(fleet.transitions)")
    #expect(fleet.transitions.values.allSatisfy { $0 == 2 }, "\(fleet.transitions)")
  }

  /// With the line cut each store has its own budget alone.
  @Test func withoutAConsoleOneNodeOfAStoreGoes() async {
    var fleet = Fleet(stores: 10, of: 4)
    fleet.set(Self.slow)
    await fleet.run(100)
    #expect(fleet.away == 10 && fleet.mostAway == 1 && fleet.count(.held) == 10 && fleet.count(.refused) == 10)
    #expect(fleet.transitions.values.allSatisfy { $0 == 1 }, "\(fleet.transitions)")
  }

  /// Of two nodes that are ill alike nobody stays for the other.
  @Test func aStoreWhoseNodesAreAllIllServesOn() async {
    var fleet = Fleet(stores: 5, of: 2)
    fleet.set(Self.slow, all: true)
    await fleet.run(100)
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
