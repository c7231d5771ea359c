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
  /// Counts the reports of all engines, to tell a new one from an old one.
  package var reports: UInt64

  package init(
    status: EngineStatus,
    devices: [EngineDevice] = [],
    models: [ModelStatus] = [],
    counters: CumulativeCounters = CumulativeCounters(),
    reports: UInt64 = 0
  ) {
    self.status = status
    self.devices = devices
    self.models = models
    self.counters = counters
    self.reports = reports
  }

  /// Requests in flight; nil when an engine that may have some does not say.
  package var inFlight: UInt64? {
    switch status.state {
    case .serving, .idle, .failed: models.reduce(0) { $0 + $1.inFlight }
    case .starting, .restarting: 0
    case .hung: nil
    }
  }

  /// No engine takes requests now, which needs no report to be known.
  package var isAway: Bool { status.state == .starting || status.state == .restarting }
}
