package import FleetCore
package import FleetWire

/// What the supervisor knows of its engine at one moment.
package struct EngineSnapshot: Sendable {
  package var status: EngineStatus
  /// What the runtime found; the one in use is `status.device`.
  package var devices: [EngineDevice]
  /// Cumulative since the agent started.
  package var models: [ModelStatus]
  package var counters: CumulativeCounters
  /// Nil when the engine does not say.
  package var flights: EngineFlights?
  package var computing: [EngineComputation]
  /// Nil while it answers requests itself.
  package var handOff: EngineHandOff?
  /// Counts the reports of all engines, to tell a new one from an old one.
  package var reports: UInt64

  package init(
    status: EngineStatus,
    devices: [EngineDevice] = [],
    models: [ModelStatus] = [],
    counters: CumulativeCounters = CumulativeCounters(),
    flights: EngineFlights? = nil,
    computing: [EngineComputation] = [],
    handOff: EngineHandOff? = nil,
    reports: UInt64 = 0
  ) {
    self.status = status
    self.devices = devices
    self.models = models
    self.counters = counters
    self.flights = flights
    self.computing = computing
    self.handOff = handOff
    self.reports = reports
  }

  /// Requests in flight, those that arrive and those that are being sent among them; nil when an engine that may have some does not say.
  package var inFlight: UInt64? {
    switch status.state {
    case .serving, .idle, .failed: max(models.reduce(0) { $0 + $1.inFlight }, flights?.count ?? 0)
    case .starting, .restarting: 0
    case .hung: nil
    }
  }

  /// No engine takes requests now, which needs no report to be known.
  package var isAway: Bool { status.state == .starting || status.state == .restarting }
}
