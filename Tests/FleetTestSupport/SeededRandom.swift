import FoundationEssentials

/// Random numbers that can be had again: the seed of a test is printed, and FLEET_SEED repeats that run.
///
/// SplitMix64 (Steele, Lea and Flood, 2014).
package struct SeededRandom: RandomNumberGenerator, Sendable, CustomStringConvertible {
  package let seed: UInt64
  private var state: UInt64

  package init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  package init(test: String = #function) {
    let given = ProcessInfo.processInfo.environment["FLEET_SEED"].flatMap { UInt64($0) }
    self.init(seed: given ?? UInt64.random(in: 0...UInt64.max))
    print("\(test): \(self)")
  }

  package var description: String { "FLEET_SEED=\(seed)" }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  package mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }

  /// Up to `length` characters, some of them outside ASCII; no control characters.
  package mutating func text(upTo length: Int = 24) -> String {
    let characters = Array("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,:;'\"/\\%-_äöü°µ—日本🙂")
    return String(
      (0..<Int.random(in: 0...length, using: &self)).map { _ in characters.randomElement(using: &self) ?? "x" }
    )
  }

  /// A valid name of a store, a node or a model.
  package mutating func namePart() -> String {
    let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    return String((0..<Int.random(in: 1...20, using: &self)).map { _ in characters.randomElement(using: &self) ?? "x" })
  }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}
