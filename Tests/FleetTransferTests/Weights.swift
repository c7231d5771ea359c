import FleetTestSupport

/// Files like those of models: quantised weights that are spread as trained ones are.
struct Weights {
  private var random: SeededRandom
  private let table: [UInt8]

  init(_ random: SeededRandom) {
    // 4096 equally likely values of a normal distribution with a deviation of 28: the sum of twelve even ones comes near enough.
    var random = random
    table = (0..<4096).map { _ in
      var sum = 0.0
      for _ in 0..<12 { sum += Double.random(in: -0.5..<0.5, using: &random) }
      return UInt8(bitPattern: Int8(clamping: Int((sum * 28).rounded())))
    }
    self.random = random
  }

  mutating func trained(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var index = 0
    while index < count {
      var word = random.next()
      for _ in 0..<min(5, count - index) {
        bytes[index] = table[Int(word & 4095)]
        word >>= 12
        index += 1
      }
    }
    return bytes
  }

  /// The last fiftieth is another.
  mutating func lastLayerReplaced(_ weights: [UInt8]) -> [UInt8] {
    let layer = weights.count / 50
    return Array(weights.dropLast(layer)) + trained(layer)
  }

  /// One in a hundred moved by one step.
  mutating func someMoved(_ weights: [UInt8]) -> [UInt8] {
    var moved = weights
    for _ in 0..<weights.count / 100 {
      let index = Int(random.next() % UInt64(weights.count))
      moved[index] = random.chance(0.5) ? moved[index] &+ 1 : moved[index] &- 1
    }
    return moved
  }
}
