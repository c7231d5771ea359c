import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

/// Nodes that fall ill and well at random, with siblings that refuse, consoles that object, people who drain and undrain, and agents that
/// are killed: what must hold whatever happens.
struct AutoDrainPropertyTests {
  /// A node and its world, a tick a second.
  private struct World {
    var random: SeededRandom
    var machine = AutoDrain()
    var rule: AutoDrainRule
    /// On the agent's clock, which begins anew with the agent.
    var seconds = 0.0
    var elapsed = 0.0
    var availability = Availability.serving
    var drainedBy: String?
    var health = Health.healthy
    var needsRequests = false
    var rate = 15.0
    var answered = 0.0
    var trialShare = 0.0
    /// Seconds until a drain or undrain that was ordered is done.
    var work = 0
    var isComingBack = false
    /// How often it drained itself since a person had the last word.
    var ownDrains = 0
    var isPeaceful = false
    var problems: [String] = []

    init(seed: UInt64) {
      random = SeededRandom(seed: seed)
      rule = AutoDrainRule(
        mode: random.chance(0.8) ? .on : random.chance(0.5) ? .shadow : .off,
        after: .seconds(Int.random(in: 5...60, using: &random)),
        rest: .seconds(Int.random(in: 5...60, using: &random)),
        probation: .seconds(Int.random(in: 5...120, using: &random))
      )
    }

    var sight: AutoDrain.Sight {
      AutoDrain.Sight(
        seconds: seconds,
        date: Date(timeIntervalSince1970: 1_800_000_000 + elapsed),
        health: health,
        reason: "p99 220 ms is over the SLO of 100 ms",
        needsRequests: needsRequests,
        answered: UInt64(answered),
        availability: availability,
        drainedBy: drainedBy
      )
    }

    mutating func expect(_ isSo: Bool, _ what: String) {
      if !isSo { problems.append("after \(elapsed) s, \(machine.stage.rawValue), \(availability): \(what)") }
    }

    mutating func tick() {
      (seconds, elapsed) = (seconds + 1, elapsed + 1)
      answered += rate * (availability == .serving ? 1 : trialShare)
      finishWork()
      if !isPeaceful { disturb() }
      let wasHeld = machine.stage == .held
      let action = machine.observe(sight, rule)
      trialShare = 0
      switch action {
      case .none: break
      case .takeOnTrial(let share):
        expect(availability == .drained && drainedBy == AutoDrain.orderedBy, "a trial of a node that it did not drain")
        expect(!wasHeld, "a trial of one that is held")
        trialShare = share
      case .drain(let reason):
        expect(rule.mode == .on || machine.stage == .probation, "it is not to act")
        expect(availability == .serving && health == .faulty, "nothing to drain for")
        if !isPeaceful, random.chance(0.3) {
          machine.refused("a sibling is full", sight)
        } else {
          machine.ordered(reason, sight)
          (availability, drainedBy, isComingBack) = (.draining, AutoDrain.orderedBy, false)
          work = Int.random(in: 1...20, using: &random)
          ownDrains += 1
          expect(ownDrains <= 2, "drained itself \(ownDrains) times, and no person had a word")
        }
      case .undrain:
        expect(drainedBy == AutoDrain.orderedBy, "undrains what it did not drain")
        expect(!wasHeld, "undrains one that is held")
        guard !isComingBack else { return }
        isComingBack = true
        work = Int.random(in: 1...10, using: &random)
      }
    }

    private mutating func finishWork() {
      guard work > 0 else { return }
      work -= 1
      guard work == 0 else { return }
      if isComingBack {
        (availability, drainedBy, isComingBack) = (.serving, nil, false)
      } else if availability == .draining {
        availability = .drained
      }
    }

    private mutating func disturb() {
      if random.chance(health == .faulty ? 0.02 : 0.01) {
        health = health == .faulty ? .healthy : .faulty
        needsRequests = random.chance(0.5)
      }
      if random.chance(0.01) { rate = [0, 0.5, 3, 15, 200].randomElement(using: &random) ?? 15 }
      if random.chance(0.02) { _ = machine.held("a console objects", sight) }
      if random.chance(0.002) {
        // The agent is killed: what it keeps is on disk, its clock and its counters begin anew.
        let kept = try? JSONDecoder().decode(AutoDrain.self, from: JSONEncoder().encode(machine.kept))
        expect(kept == machine.kept, "what is kept does not read back")
        machine = kept ?? AutoDrain()
        (seconds, answered, trialShare) = (0, 0, 0)
        // An undrain that had not ended is forgotten, and a drain goes on.
        if isComingBack { (isComingBack, work) = (false, 0) }
      }
      guard random.chance(0.003) else { return }
      ownDrains = 0
      isComingBack = false
      if availability == .serving || random.chance(0.3) {
        (availability, drainedBy, work) = (.drained, "kim", 0)
      } else {
        (availability, drainedBy, work) = (.serving, nil, 0)
      }
    }
  }

  @Test func whateverHappensItKeepsItsPlaceAndFindsAnEnd() async throws {
    var seeds = SeededRandom()
    let count = ProcessInfo.processInfo.environment["FLEET_AUTO_DRAIN_NODES"].flatMap { Int($0) } ?? 500
    var ends: [String: Int] = [:]
    for number in 0..<count {
      // Others watch clocks.
      await Task.yield()
      var world = World(seed: seeds.next())
      for _ in 0..<3000 { world.tick() }
      // All is well from now on: nothing may be left half done.
      world.isPeaceful = true
      (world.health, world.rate) = (.healthy, 15)
      for _ in 0..<1000 { world.tick() }
      let end =
        switch (world.machine.stage, world.availability, world.drainedBy) {
        case (.watching, .serving, nil): "serving"
        case (.held, .drained, AutoDrain.orderedBy): "held"
        case (.watching, .drained, "kim"): "drained by a person"
        default: "stuck"
        }
      ends[end, default: 0] += 1
      if end == "held" {
        // The exit of what is held is a person.
        (world.availability, world.drainedBy) = (.serving, nil)
        world.tick()
        world.expect(world.machine.stage == .watching, "undrained by a person, and not let go")
      }
      world.expect(end != "stuck", "it is stuck, drained by \(world.drainedBy ?? "nobody")")
      try #require(world.problems.isEmpty, "node \(number): \(world.problems.prefix(3)); \(seeds)")
    }
    print("\(count) nodes: \(ends.sorted { $0.key < $1.key })")
    #expect(ends.count == 3, "each end was reached: \(ends)")
  }
}
