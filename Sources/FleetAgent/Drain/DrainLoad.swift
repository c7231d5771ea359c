import FleetCore
import FleetWire

/// What an engine is busy with, as far as a drain has to know.
package struct DrainLoad: Sendable, Equatable {
  /// Requests in flight; nil when no engine says, which is not zero.
  package var inFlight: UInt64?
  /// How long the longest computation under way has run, in seconds; nil when there is none.
  package var computingSeconds: Double?
  /// Never goes back while the agent lives.
  package var handedOff: UInt64

  package init(inFlight: UInt64?, computingSeconds: Double? = nil, handedOff: UInt64 = 0) {
    self.inFlight = inFlight
    self.computingSeconds = computingSeconds
    self.handedOff = handedOff
  }

  /// Of what is known of the engine now. Without a new report the last one says nothing about now.
  init(_ engine: EngineSnapshot, isNews: Bool) {
    inFlight = isNews || engine.isAway ? engine.inFlight : nil
    computingSeconds = engine.isAway ? nil : engine.computing.map(\.seconds).max()
    handedOff = engine.counters.handedOff
  }
}
