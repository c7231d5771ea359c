package import FleetCore
import Synchronization

/// The versions being served: of each model one that answers to callers who name none, and others beside it.
package final class ModelRegistry: Sendable {
  private struct Slot {
    let meter: ModelMeter
    /// Nil when the model is not served at present.
    var active: ServedVersion?
    var others: [Int: ServedVersion] = [:]
    /// By version number, kept when a version goes and comes back: its counts go on.
    var statistics: [Int: VersionStatistics] = [:]

    var versions: [ServedVersion] {
      ([active].compactMap { $0 } + others.values).sorted { $0.version < $1.version }
    }
  }

  /// Statistics of more versions of a model than this are not kept; those of the lowest numbers go first.
  private static let maximumStatistics = 64

  private let slots = Mutex<[String: Slot]>([:])

  package init() {}

  /// Nothing is served.
  package var isEmpty: Bool { slots.withLock { $0.values.allSatisfy { $0.active == nil } } }

  /// Of the models that are served.
  package var names: [String] { slots.withLock { $0.filter { $0.value.active != nil }.keys.sorted() } }

  /// What serves `name`, and what counts it: the active version, or that of the given number.
  package func find(_ name: String, version: Int? = nil) -> (active: ServedVersion, meter: ModelMeter)? {
    slots.withLock { slots in
      guard let slot = slots[name], let active = slot.active else { return nil }
      guard let version, version != active.version.number else { return (active, slot.meter) }
      return slot.others[version].map { ($0, slot.meter) }
    }
  }

  /// All versions of `name` that answer, by number.
  package func versions(of name: String) -> [ServedVersion] {
    slots.withLock { $0[name]?.versions ?? [] }
  }

  /// All that is served, by name and number.
  package var all: [ServedVersion] {
    slots.withLock { slots in slots.sorted { $0.key < $1.key }.flatMap { $0.value.versions } }
  }

  /// The counts of a version that is about to be loaded, with what it did before.
  package func statistics(of version: ModelVersion) -> VersionStatistics {
    slots.withLock { slots in
      var slot = slots[version.name] ?? Slot(meter: ModelMeter())
      defer { slots[version.name] = slot }
      if let known = slot.statistics[version.number] { return known }
      let new = VersionStatistics()
      slot.statistics[version.number] = new
      while slot.statistics.count > Self.maximumStatistics, let lowest = slot.statistics.keys.min() {
        slot.statistics[lowest] = nil
      }
      return new
    }
  }

  /// From now on requests that name no version find `version`. Its predecessor answers those that name it when `keepsPredecessor`
  /// says so of its number; else it is freed when the last request on it has finished.
  package func activate(_ version: ServedVersion, keepsPredecessor: (Int) -> Bool = { _ in false }) {
    // Freed after the lock is given back: that may take a while.
    let predecessor = slots.withLock { slots -> Slot? in
      let former = slots[version.version.name]
      var slot = former ?? Slot(meter: ModelMeter())
      slot.others[version.version.number] = nil
      if let active = slot.active, active.version != version.version, keepsPredecessor(active.version.number) {
        slot.others[active.version.number] = active
      }
      slot.active = version
      slots[version.version.name] = slot
      return former
    }
    _ = predecessor
  }

  /// `version` answers those that name it, from now on, while its model is served.
  package func add(_ version: ServedVersion) {
    let former = slots.withLock { slots -> ServedVersion? in
      guard let slot = slots[version.version.name], let active = slot.active, active.version != version.version else {
        return nil
      }
      return slots[version.version.name]?.others.updateValue(version, forKey: version.version.number)
    }
    _ = former
  }

  /// Serves no version beside the active one for which `isWanted` is false.
  package func drop(unless isWanted: (ModelVersion) -> Bool) {
    let dropped = slots.withLock { slots in
      var dropped: [ServedVersion] = []
      for (name, slot) in slots {
        for (number, served) in slot.others where !isWanted(served.version) {
          dropped.append(served)
          slots[name]?.others[number] = nil
        }
      }
      return dropped
    }
    _ = dropped
  }

  /// Serves no version of `name`. What it counted is kept.
  package func remove(_ name: String) {
    let former = slots.withLock { slots -> [ServedVersion] in
      defer {
        slots[name]?.active = nil
        slots[name]?.others = [:]
      }
      return slots[name]?.versions ?? []
    }
    _ = former
  }

  /// Requests of all models.
  var inFlight: UInt64 { slots.withLock { Array($0.values) }.reduce(0) { $0 + $1.meter.inFlight } }

  /// Of each model that is served.
  package var statuses: [ModelStatus] {
    let slots = slots.withLock { $0 }
    return slots.values
      .compactMap { slot in slot.active.map { slot.meter.status(of: $0.version, digest: $0.digest) } }
      .sorted { $0.name < $1.name }
  }
}
