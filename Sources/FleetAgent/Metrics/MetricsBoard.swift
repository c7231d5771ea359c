package import FleetCore
import Synchronization

/// Keeps the newest frame for whoever asks for metrics, whatever the engine does meanwhile.
package final class MetricsBoard: Sendable {
  private struct Mark {
    var seconds: Double
    var joules: Reading
    var inferences: UInt64
  }

  private struct State {
    var frame: Frame?
    var counters = CumulativeCounters()
    /// When they came.
    var seconds = 0.0
    var joulesPerInference = Reading.absent("nothing was computed")
    /// One a second, over the last minute.
    var marks: [Mark] = []
  }

  private static let window = 60.0
  private let version: String
  private let now: @Sendable () -> Double
  private let state = Mutex(State())

  /// `version` is the agent's; `now` never goes back.
  package init(version: String, now: @escaping @Sendable () -> Double) {
    self.version = version
    self.now = now
  }

  package func publish(_ frame: Frame, counters: CumulativeCounters, at seconds: Double) {
    let mark = Mark(
      seconds: seconds,
      joules: frame.accelerators.first?.joules ?? .absent("no accelerator"),
      inferences: counters.inferences
    )
    state.withLock { state in
      if let last = state.marks.last, seconds - last.seconds < 0.9 {
        // Watched closely; one a second will do.
      } else {
        state.marks.append(mark)
        state.marks.removeAll { seconds - $0.seconds > Self.window }
      }
      state.seconds = seconds
      state.frame = frame
      state.counters = counters
      state.joulesPerInference = Self.joules(from: state.marks.first, to: mark)
    }
  }

  /// Nil before the first frame.
  package func page(_ format: MetricsPage.Format) -> String? {
    let state = state.withLock { $0 }
    guard let frame = state.frame else { return nil }
    let source = MetricsSource(
      frame: frame,
      models: state.counters.models,
      versions: state.counters.versions,
      version: version,
      age: max(0, now() - state.seconds),
      joulesPerInference: state.joulesPerInference
    )
    return source.page(format)
  }

  private static func joules(from start: Mark?, to end: Mark) -> Reading {
    guard let start, end.inferences > start.inferences else { return .absent("nothing was computed") }
    return end.joules.combined(with: start.joules) { max(0, $0 - $1) }.map {
      $0 / Double(end.inferences - start.inferences)
    }
  }
}
