import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

/// Fleets in which a fault hits many nodes, watched by one console or two that see them late and in different order.
struct FleetBreakerPropertyTests {
  private static let start = Date(timeIntervalSince1970: 1_800_000_000)

  private struct Node {
    let name: NodeName
    var machine = AutoDrain()
    let faultyFrom: Double
    var availability = Availability.serving
    /// What a console said, and when it arrives.
    var objections: [(why: String, arrival: Int)] = []
    /// The newest first, as many as the longest lag takes.
    var frames: [Frame] = []
  }

  private static let longestLag = 2

  private struct Fleet {
    var random: SeededRandom
    var nodes: [Node]
    var breakers: [FleetBreaker]
    /// Seconds until a console sees a node's frame, by console and node.
    var lags: [[Int]]
    /// When each node went.
    var departures: [Double] = []
    let rule: AutoDrainRule

    init(seed: UInt64, consoles: Int) {
      var random = SeededRandom(seed: seed)
      let count = Int.random(in: 20...60, using: &random)
      let share = Double.random(in: 0.02...0.2, using: &random)
      let together = random.chance(0.5)
      nodes = (0..<count).map { index in
        let begins = together ? 10 : Double.random(in: 10...2000, using: &random)
        return Node(
          name: NodeName(store: "s\(100 + index)", node: "a"),
          faultyFrom: index < count / 2 ? begins : .infinity
        )
      }
      breakers = (0..<consoles).map { _ in FleetBreaker(nodes: count, perHour: share) }
      lags = (0..<consoles).map { _ in (0..<count).map { _ in Int.random(in: 0...longestLag, using: &random) } }
      rule = AutoDrainRule(mode: .on, after: .seconds(5), rest: .seconds(60), probation: .seconds(60), perHour: share)
      self.random = random
    }

    mutating func tick(_ second: Int) {
      for index in nodes.indices { observe(index, second) }
      for console in breakers.indices {
        for index in nodes.indices where lags[console][index] < nodes[index].frames.count {
          let frame = nodes[index].frames[lags[console][index]]
          guard let why = breakers[console].observe(frame, at: Double(second)) else { continue }
          nodes[index].objections.append((why, second + Int.random(in: 0...2, using: &random)))
        }
      }
    }

    private mutating func observe(_ index: Int, _ second: Int) {
      let seconds = Double(second)
      var node = nodes[index]
      let sight = AutoDrain.Sight(
        seconds: seconds,
        date: FleetBreakerPropertyTests.start.addingTimeInterval(seconds),
        health: seconds >= node.faultyFrom ? .faulty : .healthy,
        reason: "errors",
        needsRequests: false,
        availability: node.availability,
        drainedBy: node.availability == .serving ? nil : AutoDrain.orderedBy
      )
      for objection in node.objections where objection.arrival <= second { _ = node.machine.held(objection.why, sight) }
      node.objections.removeAll { $0.arrival <= second }
      if case .drain(let reason) = node.machine.observe(sight, rule) {
        if random.chance(0.2) {
          node.machine.refused("a sibling is full", sight)
        } else {
          node.machine.ordered(reason, sight)
          node.availability = .drained
          departures.append(seconds)
        }
      }
      var frame = Frame(
        node: node.name,
        sequence: UInt64(second),
        agentStarted: FleetBreakerPropertyTests.start,
        time: sight.date,
        engine: EngineStatus(state: .serving)
      )
      frame.autoDrain = node.machine.status(.on)
      node.frames = [frame] + node.frames.prefix(longestLag)
      nodes[index] = node
    }
  }

  @Test(arguments: [1, 2]) func neverMoreThanItsShareGoesInAnHour(consoles: Int) async throws {
    var seeds = SeededRandom()
    let count = ProcessInfo.processInfo.environment["FLEET_BREAKER_FLEETS"].flatMap { Int($0) } ?? 4
    var went = 0
    var couldGo = 0
    for number in 0..<count {
      // Others watch clocks.
      await Task.yield()
      var fleet = Fleet(seed: seeds.next(), consoles: consoles)
      for second in 0..<3500 { fleet.tick(second) }
      let limit = fleet.breakers[0].limit
      let most = min(limit, fleet.nodes.count / 2)
      let what = "fleet \(number): \(fleet.departures.count) went of \(limit); \(seeds)"
      try #require(fleet.departures.count <= limit, "\(what)")
      try #require(fleet.departures.count >= (consoles == 1 ? most : 1), "\(what)")
      went += fleet.departures.count
      couldGo += most
    }
    print("\(consoles) consoles: \(went) nodes went, \(couldGo) could")
  }
}
