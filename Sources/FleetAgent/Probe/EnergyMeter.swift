/// Adds power up to energy, by the trapezoid rule. Nothing is assumed for times without a reading.
struct EnergyMeter: Sendable {
  private(set) var joules = 0.0
  /// Whether there was a reading ever.
  private(set) var hasBegun = false
  private var last: (seconds: Double, watts: Double)?

  /// `watts` is nil when there is no reading now.
  mutating func add(watts: Double?, at seconds: Double) {
    if let watts, let last, seconds > last.seconds {
      joules += (watts + last.watts) / 2 * (seconds - last.seconds)
    }
    last = watts.map { (seconds, $0) }
    if last != nil { hasBegun = true }
  }
}
