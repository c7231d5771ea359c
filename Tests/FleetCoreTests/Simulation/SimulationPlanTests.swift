import FleetTestSupport
import Testing

@testable import FleetCore

struct SimulationPlanTests {
  @Test func `Names, stores and labels are as they were asked for`() {
    let plan = SimulationPlan(SimulationSettings(nodes: 200))
    #expect(plan.boxes.count == 200 && plan.stores.count == 50)
    #expect(plan.boxes[65].name.description == "store-017/b")
    #expect(plan.stores.prefix(4).map { $0.labels["tier"] } == ["canary", "canary", "canary", "standard"])
    #expect(Set(plan.stores.compactMap { $0.labels["region"] }) == ["north", "east", "south", "west"])
    #expect(plan.boxes.allSatisfy { $0.faults == BoxFaults() }, "no faults unless asked for")
    let large = SimulationPlan(SimulationSettings(nodes: 2000, nodesPerStore: 1))
    #expect(large.boxes.first?.name.description == "store-0001/a" && large.boxes.last?.name.store == "store-2000")
    let one = SimulationPlan(SimulationSettings(nodes: 1))
    #expect(one.boxes.map(\.name.description) == ["store-001/a"])
  }

  @Test func `Shares are kept exactly, and seeds repeat`() {
    var random = SeededRandom()
    for _ in 0..<40 {
      let settings = SimulationSettings(
        nodes: Int.random(in: SimulationSettings.nodeBounds, using: &random),
        nodesPerStore: Int.random(in: SimulationSettings.storeBounds, using: &random),
        seed: random.next(),
        faulty: Double.random(in: 0...1, using: &random),
        offline: Double.random(in: 0...1, using: &random),
        vanishing: Double.random(in: 0...1, using: &random)
      )
      let plan = SimulationPlan(settings)
      let boxes = plan.boxes
      #expect(boxes.count == settings.nodes)
      #expect(Set(boxes.map(\.name)).count == settings.nodes)
      #expect(plan.stores.allSatisfy { (1...settings.nodesPerStore).contains($0.boxes.count) })
      #expect(plan.stores.allSatisfy { store in store.boxes.allSatisfy { $0.name.store == store.name } })
      #expect(boxes.allSatisfy { NodeName("\($0.name)") == $0.name })
      func expected(_ share: Double) -> Int { Int((share * Double(settings.nodes)).rounded()) }
      #expect(boxes.count { $0.faults.illness != nil } == expected(settings.faulty))
      #expect(boxes.count { $0.faults.spells != nil } == expected(settings.offline))
      #expect(boxes.count { $0.faults.vanishing != nil } == expected(settings.vanishing))
      #expect(SimulationPlan(settings) == plan)
      var other = settings
      other.seed &+= 1
      #expect(SimulationPlan(other) != plan)
      // One more fault of one kind changes nothing of the other kinds.
      other = settings
      other.faulty = 1
      #expect(SimulationPlan(other).boxes.map(\.faults.spells) == boxes.map(\.faults.spells))
    }
  }

  @Test func `Spells follow each other, begin at once, and leave three quarters of the time`() throws {
    var random = SeededRandom()
    for _ in 0..<50 {
      let seed = random.next()
      let name = random.nodeName()
      let mean = Double.random(in: 1...600, using: &random)
      let spells = Array(OfflineSpells(seed: seed, name: name, mean: mean).prefix(200))
      #expect(spells.first?.lowerBound == 0)
      for (earlier, later) in zip(spells, spells.dropFirst()) { #expect(earlier.upperBound < later.lowerBound) }
      for spell in spells {
        #expect((0.5 * mean...1.5 * mean + 1e-6).contains(spell.upperBound - spell.lowerBound))
      }
      let end = try #require(spells.last?.upperBound)
      let away = spells.reduce(0) { $0 + $1.upperBound - $1.lowerBound } / end
      #expect((0.2...0.3).contains(away), "\(away)")
      #expect(Array(OfflineSpells(seed: seed, name: name, mean: mean).prefix(200)) == spells)
    }
  }

  @Test func `A box vanishes once in each version's transfer, at its share of the bytes`() {
    var random = SeededRandom()
    for _ in 0..<100 {
      let share = Double.random(in: 0.1...0.9, using: &random)
      var vanishing = Vanishing(share: share, seconds: 10)
      for version in UInt8(1)...3 {
        let digest = ModelDigest(ofManifest: [version])
        let total = UInt64.random(in: 1...1_000_000, using: &random)
        let chunk = Int.random(in: 1...Int(total), using: &random)
        var sent: UInt64 = 0
        var vanishedAt: [UInt64] = []
        while sent < total {
          let bytes = min(UInt64(chunk), total - sent)
          if vanishing.writing(Int(bytes), of: digest, total: total) { vanishedAt.append(sent) } else { sent += bytes }
        }
        #expect(vanishedAt.count == 1)
        let at = Double(vanishedAt.first ?? 0)
        #expect(at <= share * Double(total) && at + Double(chunk) >= share * Double(total) - 1)
      }
    }
  }

  @Test func `A line carries what it carries, however the bytes are cut`() {
    var random = SeededRandom()
    for _ in 0..<100 {
      let rate = Double.random(in: 1000...10_000_000, using: &random)
      var line = LineBudget(bytesPerSecond: rate)
      var now = 1000.0
      var sent = 0
      for _ in 0..<50 {
        let bytes = Int.random(in: 0...300_000, using: &random)
        sent += bytes
        // Each waits for the one before, as a push does.
        now += line.send(bytes, at: now)
      }
      #expect(abs((now - 1000) * rate - Double(sent)) < 1 + Double(sent) * 1e-9)
      // What was not used is not saved up.
      #expect(abs(line.send(Int(rate), at: now + 3600) - 1) < 1e-3)
      // Two at once share it.
      let first = line.send(Int(rate), at: now + 7200)
      #expect(line.send(Int(rate), at: now + 7200) > first + 0.99)
    }
  }
}
