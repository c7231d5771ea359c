internal import FleetCore

/// The fleet's alerts as the console knows them.
package struct AlertsState: Sendable, Equatable {
  /// How often they are read, in seconds: while they are looked at, and while they are not.
  static let readInterval = 1.0
  static let idleInterval = 5.0
  /// Older news than this look old, in seconds.
  static let staleAfter = 10.0

  /// Open ones first, each part the newest first.
  package internal(set) var list: [Alert] = []
  package internal(set) var watcher: String?
  /// When they were last read; nil before the first time. Until then nothing is raised: what is open already has to be known.
  package internal(set) var read: Moment?
  /// Why the last reading failed; nil when it did not.
  package internal(set) var problem: String?
  /// What holds of what is seen now.
  package internal(set) var signals = AlertSignals()
  /// What was last seen and written down; nil before anything was.
  var recorded: AlertObservation?
  /// When to look and to read again, on the console's clock.
  var nextLook = 0.0
  var nextRead = 0.0
  /// Those that the operator has taken on, until that is read back.
  var asked: Set<Int> = []

  package var open: [Alert] { list.filter(\.isOpen) }
  /// Those that nobody has taken on.
  var unacknowledged: [Alert] { list.filter { $0.isOpen && $0.acknowledgement == nil } }

  package func alert(_ id: Int) -> Alert? { list.first { $0.id == id } }

  /// Of a node, while they are open.
  func alerts(of node: NodeName) -> [Alert] { list.filter { $0.isOpen && $0.nodes.contains(node) } }

  /// Seconds since they were last read; nil before the first time.
  func age(at now: Moment) -> Double? { read.map { max(0, now.uptime - $0.uptime) } }
}

extension FleetState {
  /// What this console sees of its nodes, after hysteresis; nil while it has not been told which alerts are open.
  package var alertObservation: AlertObservation? {
    guard alerts.read != nil else { return nil }
    return AlertObservation(nodes: Set(nodes.map(\.name)), sightings: alerts.signals.sightings)
  }
}
