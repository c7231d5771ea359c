/// What a node's latency was in its last hour, in a few merged histograms. What came while something was wrong, or within a minute before,
/// is left out, so that a fault does not become what is usual.
struct LatencyBaseline: Sendable {
  private static let slotSeconds = 300.0
  private static let slots = 12
  /// So long it waits whether something turns out to be wrong.
  private static let quarantineSeconds = 60.0
  /// Less than this is no baseline: minutes without a fault, and requests.
  private static let leastMinutes = 5
  private static let leastRequests: UInt64 = 500

  private struct Slot {
    var start: Double
    var latency: LatencyHistogram
    /// Of a minute each.
    var parts: Int
  }

  private var kept: [Slot] = []
  private var waiting = LatencyHistogram()
  private var waitingSince: Double?
  private var taken = -Double.infinity

  /// Takes the latencies of the last `HealthMonitor.windowSeconds` whenever a whole window has passed since.
  mutating func take(_ window: LatencyHistogram, isGood: Bool, at seconds: Double) {
    forget(before: seconds - Self.slotSeconds * Double(Self.slots))
    guard isGood else {
      waiting = LatencyHistogram()
      waitingSince = nil
      // What is in the window is left out too.
      taken = seconds
      return
    }
    guard seconds - taken >= HealthMonitor.windowSeconds else { return }
    taken = seconds
    waiting = waiting.merged(with: window)
    let since = waitingSince ?? seconds
    waitingSince = since
    guard seconds - since >= Self.quarantineSeconds else { return }
    keep(waiting, at: seconds)
    waiting = LatencyHistogram()
    waitingSince = seconds
  }

  /// In milliseconds; nil while there is too little to go by.
  private(set) var p99: Double?

  /// Nothing is known, or all that was is more than an hour old.
  var isEmpty: Bool { kept.isEmpty }

  /// In buckets of histograms.
  var size: Int { kept.reduce(waiting.buckets.count) { $0 + $1.latency.buckets.count } }

  private mutating func keep(_ latency: LatencyHistogram, at seconds: Double) {
    guard !latency.isEmpty else { return }
    if let last = kept.indices.last, seconds - kept[last].start < Self.slotSeconds {
      kept[last].latency = kept[last].latency.merged(with: latency)
      kept[last].parts += 1
    } else {
      kept.append(Slot(start: seconds, latency: latency, parts: 1))
    }
    count()
  }

  private mutating func forget(before oldest: Double) {
    let former = kept.count
    kept.removeAll { $0.start < oldest }
    if kept.count != former { count() }
  }

  private mutating func count() {
    let all = LatencyHistogram(merging: kept.map(\.latency))
    let isEnough = kept.reduce(0) { $0 + $1.parts } >= Self.leastMinutes && all.count >= Self.leastRequests
    p99 = isEnough ? all.milliseconds(atPercentile: 99) : nil
  }
}
