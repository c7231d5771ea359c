package import FleetCore
import Synchronization

/// The models being served, each with one active version.
package final class ModelRegistry: Sendable {
  private struct Slot {
    let meter: ModelMeter
    var active: ServedVersion
  }

  private let slots = Mutex<[String: Slot]>([:])

  package init() {}

  package var isEmpty: Bool { slots.withLock { $0.isEmpty } }

  package var names: [String] { slots.withLock { $0.keys.sorted() } }

  /// What serves `name`, and what counts it.
  package func find(_ name: String) -> (active: ServedVersion, meter: ModelMeter)? {
    slots.withLock { slots in slots[name].map { ($0.active, $0.meter) } }
  }

  /// From now on requests find `version`. Its predecessor is freed when the last request on it has finished.
  package func activate(_ version: ServedVersion) {
    let name = version.version.name
    // Freed after the lock is given back: that may take a while.
    let predecessor = slots.withLock { slots in
      let former = slots[name]
      slots[name] = Slot(meter: former?.meter ?? ModelMeter(), active: version)
      return former
    }
    _ = predecessor
  }

  package var statuses: [ModelStatus] {
    let slots = slots.withLock { $0 }
    return slots.values
      .map { $0.meter.status(of: $0.active.version, digest: $0.active.digest) }
      .sorted { $0.name < $1.name }
  }
}
