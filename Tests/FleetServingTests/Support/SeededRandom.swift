import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same values for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
  let seed: UInt64
  private var state: UInt64

  /// Takes the seed from FLEET_TEST_SEED, or a new one, and prints it, so that a failure can be had again.
  init(test: String = #function) {
    let asked = ProcessInfo.processInfo.environment["FLEET_TEST_SEED"].flatMap(UInt64.init)
    seed = asked ?? .random(in: 0...UInt64.max)
    state = seed
    print("\(test): FLEET_TEST_SEED=\(seed)")
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
