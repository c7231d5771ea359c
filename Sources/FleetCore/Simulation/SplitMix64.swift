/// Random numbers that can be had again: the same seed and stream give the same numbers on every machine.
///
/// SplitMix64 (Steele, Lea and Flood, 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable, Equatable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  /// Numbers of their own for each `stream`, so that one more draw for one thing changes nothing of another.
  package init(seed: UInt64, stream: String) {
    // FNV-1a.
    let hash = stream.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    self.init(seed: Self.mixed(seed ^ Self.mixed(hash)))
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  /// 0 up to 1, without 1.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  package mutating func within(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + unit() * (range.upperBound - range.lowerBound)
  }

  /// Of the standard normal distribution, near enough: the sum of 4 uniform numbers, scaled, never beyond 3.5.
  package mutating func normal() -> Double {
    // Four numbers of 16 bits out of one draw: this is called for every simulated request.
    let bits = next()
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (Double(sum) / 65_536 - 1.999_969) * 1.732_050_8
  }

  /// A number from 0 up to 1 that belongs to `index`.
  package static func unit(seed: UInt64, at index: Int64) -> Double {
    Double(mixed(seed &+ UInt64(bitPattern: index) &* 0x9E37_79B9_7F4A_7C15) >> 11) * 0x1p-53
  }

  private static func mixed(_ number: UInt64) -> UInt64 {
    var value = number
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
