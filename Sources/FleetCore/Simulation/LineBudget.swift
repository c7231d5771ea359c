/// A line that carries so many bytes a second: tells how long bytes take on it, behind those that came before. No clock of its own.
package struct LineBudget: Sendable, Equatable {
  package let bytesPerSecond: Double
  private var freeAt = -Double.infinity

  package init(bytesPerSecond: Double) {
    self.bytesPerSecond = max(1, bytesPerSecond)
  }

  /// Seconds from `now` until the last of `bytes` has passed.
  package mutating func send(_ bytes: Int, at now: Double) -> Double {
    freeAt = max(freeAt, now) + Double(max(0, bytes)) / bytesPerSecond
    return freeAt - now
  }
}
