package import FleetCore

/// Holds a flow of bytes to a rate. Its clock is the caller's: any time that only grows.
///
/// Bytes are taken first and paid for by waiting, so that a piece larger than what has gathered is not a special case.
package struct TokenBucket: Sendable, Equatable {
  /// What gathers while nobody sends, as time: enough for a late timer, too little to matter on the line.
  package static let burst = Duration.milliseconds(100)

  package let rate: ByteRate
  /// Bytes that may go at once; less than none when more were taken than were there.
  private var level: Double
  private var last: Duration

  package init(_ rate: ByteRate, at now: Duration) {
    self.rate = rate
    level = 0
    last = now
  }

  /// Takes `bytes`; how long to wait before they are sent.
  package mutating func take(_ bytes: Int, at now: Duration) -> Duration {
    if now > last {
      let gathered = level + (now - last).seconds * rate.bytesPerSecond
      level = min(gathered, Self.burst.seconds * rate.bytesPerSecond)
      last = now
    }
    level -= Double(bytes)
    return level < 0 ? .seconds(-level / rate.bytesPerSecond) : .zero
  }
}
