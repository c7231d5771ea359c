/// What is wrong with one simulated box and its line.
package struct BoxFaults: Sendable, Equatable {
  /// What is wrong with the box itself.
  package enum Illness: Sendable, Equatable {
    case slow(milliseconds: Double)
    /// Share of requests that fail.
    case failing(Double)
    /// Degrees too warm: a dead fan.
    case hot(celsius: Double)
  }

  package var illness: Illness?
  package var spells: OfflineSpells?
  package var vanishing: Vanishing?

  package init(illness: Illness? = nil, spells: OfflineSpells? = nil, vanishing: Vanishing? = nil) {
    self.illness = illness
    self.spells = spells
    self.vanishing = vanishing
  }

  /// As frames carry it; lines that fail are not told, they are to be found out.
  package var text: String? {
    switch illness {
    case .slow(let milliseconds): "latency=\(Int(milliseconds))ms"
    case .failing(let share): "errors=\(Int((share * 100).rounded()))%"
    case .hot(let celsius): "heat=+\(Int(celsius))C"
    case nil: nil
    }
  }
}

/// A box that goes away in the middle of each version's first transfer, and comes back with what it had.
package struct Vanishing: Sendable, Equatable {
  /// Part of a version's bytes at which it goes.
  package let share: Double
  /// How long it stays away, in seconds.
  package let seconds: Double
  private var gone: Set<ModelDigest> = []
  private var received: [ModelDigest: UInt64] = [:]

  package init(share: Double, seconds: Double) {
    self.share = share
    self.seconds = seconds
  }

  /// Whether it goes now, and these bytes are lost with it. `total` is what the version has in all.
  package mutating func writing(_ bytes: Int, of digest: ModelDigest, total: UInt64) -> Bool {
    guard !gone.contains(digest) else { return false }
    let sum = (received[digest] ?? 0) + UInt64(bytes)
    received[digest] = sum
    guard Double(sum) >= share * Double(total) else { return false }
    received[digest] = nil
    gone.insert(digest)
    return true
  }
}
