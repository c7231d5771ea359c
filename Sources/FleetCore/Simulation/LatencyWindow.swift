/// Latencies of the last seconds, for the health rules: what came in is taken out again when it is too old.
struct LatencyWindow: Sendable, Equatable {
  private struct Entry: Equatable {
    var time: Double
    var index: Int
    var count: UInt64
  }

  private var entries: [Entry] = []
  private var first = 0
  private var counts = LatencyCounts()
  private(set) var requests: UInt64 = 0

  mutating func add(_ count: UInt64, at index: Int, time: Double) {
    entries.append(Entry(time: time, index: index, count: count))
    counts.add(count, at: index)
    requests += count
  }

  mutating func forget(before now: Double) {
    let oldest = now - HealthMonitor.windowSeconds
    while first < entries.count, entries[first].time < oldest {
      counts.remove(entries[first].count, at: entries[first].index)
      requests -= entries[first].count
      first += 1
    }
    // The front is cut off now and then, not with every entry.
    if first > 1024 || first == entries.count {
      entries.removeFirst(first)
      first = 0
    }
  }

  var histogram: LatencyHistogram { counts.histogram }
}
