import FleetCore

/// Cumulative counters of the last seconds, to tell what happened within the window that health is judged over.
struct HealthWindow: Sendable {
  private struct Mark {
    var seconds: Double
    var requests: UInt64
    var errors: UInt64
    var latency: LatencyHistogram
  }

  private var marks: [Mark] = []

  /// Takes the counters of now, and says what came since the start of the window.
  mutating func add(
    _ counters: CumulativeCounters,
    at seconds: Double
  ) -> (requests: UInt64, errors: UInt64, p99Milliseconds: Double?) {
    let sum = counters.sum
    let mark = Mark(seconds: seconds, requests: sum.requests, errors: sum.errors, latency: sum.latency)
    marks.append(mark)
    // The newest mark that is at least a window old is where the window starts; older ones are not needed.
    if let start = marks.lastIndex(where: { seconds - $0.seconds >= HealthMonitor.windowSeconds - 0.05 }) {
      marks.removeFirst(start)
    }
    guard let start = marks.first, let recent = mark.latency.since(start.latency), mark.requests >= start.requests
    else {
      marks = [mark]
      return (0, 0, nil)
    }
    let errors = mark.errors >= start.errors ? mark.errors - start.errors : 0
    return (mark.requests - start.requests, errors, recent.milliseconds(atPercentile: 99))
  }
}
