import FleetTestSupport
import Testing

@testable import FleetCore

struct PresenceTests {
  @Test func `A box without faults is always here`() {
    var presence = Presence(spells: nil)
    #expect(presence.state(at: 0) == .here(until: nil))
    #expect(presence.state(at: 1e9) == .here(until: nil))
  }

  @Test func `It is away in its spells and when it vanished, and says until when`() {
    var random = SeededRandom()
    for _ in 0..<50 {
      let spells = OfflineSpells(seed: random.next(), name: random.nodeName(), mean: 20)
      let all = Array(spells.prefix(300))
      var presence = Presence(spells: spells)
      var vanishedUntil = 0.0
      var now = 0.0
      for _ in 0..<200 {
        now += Double.random(in: 0...8, using: &random)
        if random.chance(0.05) {
          presence.vanish(at: now, seconds: 30)
          vanishedUntil = now + 30
        }
        let spell = all.first { $0.contains(now) }
        switch presence.state(at: now) {
        case .away(let until):
          #expect(until == max(spell?.upperBound ?? 0, vanishedUntil) && until > now)
        case .here(let until):
          #expect(spell == nil && now >= vanishedUntil)
          #expect(until == all.first { $0.lowerBound > now }?.lowerBound)
        }
      }
    }
  }
}
