package import FleetCore
package import NIOCore
import Synchronization

/// Which computations run at this moment, so that one that never ends is noticed by whoever can end the process.
package final class ComputeWatch: Sendable {
  package struct Running: Sendable, Equatable {
    package var version: ModelVersion
    package var seconds: Double
    /// After so many seconds it counts as hung (`ModelOptions.computeLimit`).
    package var limitSeconds: Double

    package var isOverdue: Bool { seconds > limitSeconds }
  }

  private struct Entry {
    var target: ServedVersion
    var start: NIODeadline
  }

  /// As many places as there ever were threads that computed at once.
  private let places = Mutex<[Entry?]>([])

  package init() {}

  /// All that run, in no order.
  package func running(at now: NIODeadline = .now()) -> [Running] {
    places.withLock { $0 }.compactMap { entry in
      entry.map { entry in
        Running(
          version: entry.target.version,
          seconds: Double(max(0, (now - entry.start).nanoseconds)) / 1e9,
          limitSeconds: entry.target.options.computeLimit
        )
      }
    }
  }

  /// The one that runs longest; nil when none runs.
  package var oldest: Running? { running().max { $0.seconds < $1.seconds } }

  /// The place that `end` must be told.
  package func begin(_ target: ServedVersion, at start: NIODeadline) -> Int {
    places.withLock { places in
      let entry = Entry(target: target, start: start)
      if let free = places.firstIndex(where: { $0 == nil }) {
        places[free] = entry
        return free
      }
      places.append(entry)
      return places.count - 1
    }
  }

  package func end(_ place: Int) {
    places.withLock { $0[place] = nil }
  }
}
