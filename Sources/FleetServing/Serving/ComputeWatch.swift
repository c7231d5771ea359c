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

  private struct State {
    /// As many places as there ever were threads that computed at once.
    var places: [Entry?] = []
    var recorder: FlightRecorder?
  }

  private let state = Mutex(State())

  package init() {}

  /// What begins from now on is noted there too.
  package func record(to recorder: FlightRecorder) {
    state.withLock { $0.recorder = recorder }
  }

  /// All that run, in no order.
  package func running(at now: NIODeadline = .now()) -> [Running] {
    state.withLock { $0.places }.compactMap { entry in
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
    state.withLock { state in
      let place = state.places.firstIndex { $0 == nil } ?? state.places.count
      if place == state.places.count { state.places.append(nil) }
      state.places[place] = Entry(target: target, start: start)
      state.recorder?.computes(target.label, at: place)
      return place
    }
  }

  package func end(_ place: Int) {
    state.withLock { state in
      state.places[place] = nil
      state.recorder?.computes([], at: place)
    }
  }
}
