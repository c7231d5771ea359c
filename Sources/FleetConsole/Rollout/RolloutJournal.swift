package import FleetCore

/// Where a rollout's events are kept. What is in the journal has happened, whatever becomes of the driver.
package protocol RolloutJournal: Sendable {
  /// Called before `event` takes effect, for one event after the other. When it throws the driver stops at once, and another one
  /// goes on from what was kept.
  func append(_ event: RolloutEvent, at seconds: Double) async throws
}
