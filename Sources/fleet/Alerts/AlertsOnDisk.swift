import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import Foundation
import Synchronization

/// The fleet's alerts for the screen. All that touches the disk happens on a queue of its own, and nobody waits for longer than a
/// bound.
final class AlertsOnDisk: AlertCatalog {
  private static let limit = Duration.seconds(6)

  private let options: FleetOptions
  private let fleet: JobFleet
  private let queue = QueueExecutor("fleet.alerts")
  private let isBusy = Mutex(false)
  private let store = Mutex<JobStore?>(nil)

  init(options: FleetOptions, fleet: FleetDefinition) {
    self.options = options
    self.fleet = options.jobFleet(fleet)
  }

  /// A demo's: they are gone with the demo.
  convenience init(ofDemo file: String, fleet: FleetDefinition) throws {
    self.init(options: try FleetOptions.parse(["--fleet", file]), fleet: fleet)
  }

  func read(recording observation: AlertObservation?) async throws(CommandError) -> AlertReading {
    let isFree = isBusy.withLock { isBusy in
      defer { isBusy = true }
      return !isBusy
    }
    guard isFree else { throw CommandError(.timeout, "the disk with the alerts does not answer") }
    return try await queue.bounded(Self.limit, "reading the alerts") { [self] in
      defer { isBusy.withLock { $0 = false } }
      // Whoever only looks leaves no folder behind.
      guard let keeper = try keeper(isNeeded: observation.map { !$0.sightings.isEmpty } ?? false) else {
        return AlertReading(alerts: [])
      }
      if let observation { try keeper.record(observation) }
      return try keeper.read()
    }
  }

  func acknowledge(_ id: Int, by person: String) async throws(CommandError) -> AlertReading {
    try await queue.bounded(Self.limit, "taking on alert \(id)") { [self] in
      guard let keeper = try keeper(isNeeded: false) else { throw CommandError(.notFound, "no alert \(id)") }
      try keeper.acknowledge(id, by: person)
      return try keeper.read()
    }
  }

  private func keeper(isNeeded: Bool) throws(CommandError) -> AlertKeeper? {
    if let store = store.withLock({ $0 }) { return AlertKeeper(store: store, fleet: fleet) }
    let opened = isNeeded ? try options.openJobs() : try options.existingJobs()
    store.withLock { $0 = opened }
    return opened.map { AlertKeeper(store: $0, fleet: fleet) }
  }
}
