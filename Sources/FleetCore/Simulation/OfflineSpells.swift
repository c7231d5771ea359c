/// When a box cannot be reached: one spell after the other, without end, in seconds from the start of the simulation. The first
/// begins at once; in the long run a box is away a quarter of the time.
package struct OfflineSpells: Sequence, IteratorProtocol, Sendable, Equatable {
  private var random: SplitMix64
  private let seconds: Double
  private var end = 0.0
  private var isFirst = true

  /// A spell lasts `mean` seconds more or less: from half of it to one and a half.
  package init(seed: UInt64, name: NodeName, mean: Double) {
    random = SplitMix64(seed: seed, stream: "spells \(name)")
    seconds = mean
  }

  package mutating func next() -> Range<Double>? {
    let start = isFirst ? 0 : end + seconds * random.within(1.5...4.5)
    isFirst = false
    end = start + seconds * random.within(0.5...1.5)
    return start..<end
  }
}
