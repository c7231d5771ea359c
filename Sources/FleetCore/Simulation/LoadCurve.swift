/// How busy a box is: the hour of its store's day, with noise of its own. A function of time alone, so that it can be asked at
/// any pace and twice.
package struct LoadCurve: Sendable, Equatable {
  /// Share of the peak at each full hour: next to nothing at night, a swell at noon, the peak after work.
  static let hours: [Double] = [
    0.07, 0.06, 0.06, 0.06, 0.07, 0.10, 0.18, 0.30, 0.45, 0.58, 0.68, 0.78,
    0.88, 0.84, 0.72, 0.70, 0.78, 0.90, 1.00, 0.95, 0.78, 0.52, 0.28, 0.13,
  ]
  /// Waves of noise: how long one lasts, in seconds, and how far it goes up and down.
  private static let waves = [(seconds: 19.0, height: 0.08), (seconds: 340.0, height: 0.14)]
  /// No load is higher than so many times the peak.
  package static let highest = 1.25

  private let seed: UInt64
  private let utcOffsetHours: Double

  package init(seed: UInt64, utcOffsetHours: Double = 0) {
    self.seed = seed
    self.utcOffsetHours = utcOffsetHours
  }

  /// Share of the peak at `time`, in seconds since 1970: over 0, up to `highest`.
  package func share(at time: Double) -> Double {
    var share = Self.daily(hour: time / 3600 + utcOffsetHours)
    for (index, wave) in Self.waves.enumerated() {
      share *= 1 + wave.height * noise(time / wave.seconds, seed &+ UInt64(index))
    }
    return min(share, Self.highest)
  }

  private static func daily(hour: Double) -> Double {
    let whole = hour.rounded(.down)
    let index = Int(whole.truncatingRemainder(dividingBy: 24) + 24) % 24
    let part = hour - whole
    return hours[index] * (1 - part) + hours[(index + 1) % 24] * part
  }

  /// From -1 to 1, smooth: a number for each whole position, and an even way between them.
  private func noise(_ position: Double, _ seed: UInt64) -> Double {
    let whole = position.rounded(.down)
    let part = position - whole
    let way = part * part * (3 - 2 * part)
    let from = SplitMix64.unit(seed: seed, at: Int64(whole))
    let to = SplitMix64.unit(seed: seed, at: Int64(whole) + 1)
    return 2 * (from + (to - from) * way) - 1
  }
}
