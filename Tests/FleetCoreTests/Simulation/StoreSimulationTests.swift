import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

struct StoreSimulationTests {
  private static let start = 1_800_000_000.0
  private static let settings = SimulationSettings(nodes: 4, nodesPerStore: 4, seed: 5, hour: 18)

  private struct Run {
    var store: StoreSimulation
    var frames: [Frame]

    init(_ settings: SimulationSettings = StoreSimulationTests.settings) {
      let plan = SimulationPlan(settings)
      store = StoreSimulation(plan.stores[0], settings: settings, start: StoreSimulationTests.start)
      let digest = ModelDigest(ofManifest: [1])
      frames = plan.stores[0].boxes.map { box in
        Frame(
          node: box.name,
          sequence: 0,
          agentStarted: Date(timeIntervalSince1970: StoreSimulationTests.start),
          time: Date(timeIntervalSince1970: StoreSimulationTests.start),
          isSimulated: true,
          engine: EngineStatus(state: .serving),
          models: [ModelStatus(name: "tag-reader", version: 1, digest: digest)]
        )
      }
    }

    /// A second each.
    mutating func tick(_ count: Int) {
      for _ in 0..<count {
        for index in frames.indices {
          frames[index].time.addTimeInterval(1)
          store.tick(&frames[index])
        }
      }
    }

    var requests: [UInt64] { frames.map { $0.models[0].requests } }
  }

  @Test func `Clients of a drained node go to its siblings and come back`() {
    var run = Run()
    run.tick(30)
    let before = run.requests
    run.tick(30)
    let usual = zip(run.requests, before).map { $0 - $1 }
    run.frames[1].availability = .draining
    run.frames[1].drain = DrainStatus(reason: "fan", orderedBy: "ana", since: Date(), deadline: Date(), isForced: false)
    // Each node learns of it at its own tick.
    run.tick(1)
    let start = run.requests
    let handedOff = run.frames[1].drain?.handedOff ?? 0
    run.tick(30)
    let drained = zip(run.requests, start).map { $0 - $1 }
    #expect(drained[1] == 0 && run.frames[1].models[0].inFlight == 0)
    let traffic = run.frames[1].drain
    let sent = traffic?.clients.reduce(0) { $0 + $1.perSecond } ?? 0
    let taken = traffic?.targets.reduce(0) { $0 + ($1.perSecond ?? 0) } ?? 0
    #expect(sent > 0 && abs(sent - taken) < 1e-6 && traffic?.targets.count == 3)
    for index in [0, 2, 3] { #expect(Double(drained[index]) > 1.15 * Double(usual[index]), "\(usual) then \(drained)") }
    let sums = (usual.reduce(0, +), drained.reduce(0, +))
    #expect(abs(Double(sums.0) - Double(sums.1)) < 0.2 * Double(sums.0), "no client is lost: \(sums)")
    let handed = Double((run.frames[1].drain?.handedOff ?? 0) - handedOff)
    #expect(abs(handed - Double(usual[1])) < 0.3 * Double(usual[1]), "\(handed) of \(usual[1])")
    run.frames[1].availability = .serving
    run.frames[1].drain = nil
    run.tick(2)
    let last = run.requests
    run.tick(10)
    #expect(run.requests[1] > last[1])
  }

  @Test func `Frames say what is measured, what is estimated, and that nothing is wrong`() throws {
    var run = Run()
    run.tick(30)
    for frame in run.frames {
      let accelerator = try #require(frame.accelerators.first)
      #expect(accelerator.watts.isEstimate && accelerator.joules.isEstimate)
      #expect(!accelerator.utilization.isEstimate && accelerator.utilization.value ?? 0 > 0.05)
      #expect(accelerator.name.hasPrefix("simulated"))
      #expect(frame.health == .healthy && frame.reasons.isEmpty, "\(frame.reasons)")
      #expect(frame.models[0].latency.count == frame.models[0].requests)
    }
  }

  @Test(arguments: [
    (BoxFaults.Illness.slow(milliseconds: 90), "p99"), (.failing(0.1), "share of errors"),
    (.hot(celsius: 55), "temperature"),
  ])
  func `Illnesses are found by the rules that real nodes go by`(illness: BoxFaults.Illness, words: String) throws {
    let settings = Self.settings
    var store = SimulationPlan(settings).stores[0]
    store.boxes[2].faults.illness = illness
    var run = Run()
    run.store = StoreSimulation(store, settings: settings, start: Self.start)
    run.tick(900)
    #expect(run.frames[2].health > .healthy)
    #expect(run.frames[2].reasons.first?.contains(words) == true, "\(run.frames[2].reasons)")
    #expect(run.frames[2].injectedFault == store.boxes[2].faults.text && run.frames[2].injectedFault != nil)
    #expect(run.frames[0].health == .healthy && run.frames[0].injectedFault == nil)
  }

  @Test func `A store without a fault is accused of nothing, whoever is drained meanwhile`() {
    var random = SeededRandom()
    var settings = Self.settings
    settings.seed = random.next()
    settings.hour = .random(in: 0..<24, using: &random)
    var run = Run(settings)
    for minute in 0..<12 {
      if minute == 7 {
        let drain = DrainStatus(reason: "fan", orderedBy: "ana", since: Date(), deadline: Date(), isForced: false)
        (run.frames[1].availability, run.frames[1].drain) = (.drained, drain)
      }
      if minute == 9 { (run.frames[1].availability, run.frames[1].drain) = (.serving, nil) }
      // A finding stays for 10 s at least.
      for _ in 0..<12 {
        run.tick(5)
        let reasons = run.frames.flatMap(\.reasons)
        #expect(reasons.isEmpty, "\(random)")
      }
    }
  }

  @Test func `A box that is much slower than its siblings is found within the service level`() {
    let settings = Self.settings
    var store = SimulationPlan(settings).stores[0]
    store.boxes[2].faults.illness = .slow(milliseconds: 50)
    var run = Run()
    run.store = StoreSimulation(store, settings: settings, start: Self.start)
    run.tick(60)
    #expect(run.frames[2].findings.map(\.rule) == [.latencyOfSiblings], "\(run.frames[2].reasons)")
    #expect(run.frames[2].findings.first?.value.map { $0 < 100 } == true)
    #expect([0, 1, 3].allSatisfy { run.frames[$0].findings.isEmpty })
  }

  @Test func `Seeds repeat`() {
    var (one, two) = (Run(), Run())
    one.tick(40)
    two.tick(40)
    #expect(one.frames == two.frames)
    var settings = Self.settings
    settings.seed = 6
    var other = Run(settings)
    other.tick(40)
    #expect(one.requests != other.requests)
  }

  @Test func `A store in the middle of the night is quiet at the hour it was told`() {
    var settings = Self.settings
    settings.hour = 3
    var (night, evening) = (Run(settings), Run())
    night.tick(60)
    evening.tick(60)
    #expect(night.requests.reduce(0, +) * 5 < evening.requests.reduce(0, +))
  }
}
