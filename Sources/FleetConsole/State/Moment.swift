package import FoundationEssentials

/// A moment on the console's own clocks.
package struct Moment: Hashable, Sendable {
  /// Seconds of a clock that never jumps. Ages come from this one.
  package var uptime: Double
  /// For showing to people.
  package var date: Date

  package init(uptime: Double, date: Date) {
    self.uptime = uptime
    self.date = date
  }
}
