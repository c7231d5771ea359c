/// Whether a simulated box can be reached now, and until when: it has spells, and vanishes in transfers. Times are seconds from
/// the start of the simulation; they may not go back.
package struct Presence: Sendable, Equatable {
  package enum State: Sendable, Equatable {
    /// Until then, or for good.
    case here(until: Double?)
    case away(until: Double)
  }

  private var spells: OfflineSpells?
  private var spell: Range<Double>?
  private var vanishedUntil = -Double.infinity

  package init(spells: OfflineSpells?) {
    self.spells = spells
    spell = self.spells?.next()
  }

  package mutating func vanish(at now: Double, seconds: Double) {
    vanishedUntil = max(vanishedUntil, now + seconds)
  }

  package mutating func state(at now: Double) -> State {
    while let current = spell, current.upperBound <= now { spell = spells?.next() }
    let spellEnd = spell.map { $0.contains(now) ? $0.upperBound : now } ?? now
    let end = max(spellEnd, vanishedUntil)
    return end > now ? .away(until: end) : .here(until: spell?.lowerBound)
  }
}
