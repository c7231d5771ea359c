import FleetCore
package import FoundationEssentials

/// The two clocks of an agent: the wall's, and one that never goes back.
package struct AgentClock: Sendable {
  /// One instant on both clocks.
  package struct Moment: Sendable {
    package var date: Date
    package var seconds: Double

    package init(date: Date, seconds: Double) {
      self.date = date
      self.seconds = seconds
    }
  }

  package var date: @Sendable () -> Date
  package var seconds: @Sendable () -> Double

  package init(date: @escaping @Sendable () -> Date, seconds: @escaping @Sendable () -> Double) {
    self.date = date
    self.seconds = seconds
  }

  package var moment: Moment { Moment(date: date(), seconds: seconds()) }

  package static let system: AgentClock = {
    let start = ContinuousClock.now
    return AgentClock(date: { Date() }, seconds: { (ContinuousClock.now - start).seconds })
  }()
}
