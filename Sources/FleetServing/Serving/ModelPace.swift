import NIOCore

/// How long a model's calls take, by the shapes of their inputs.
struct ModelPace {
  /// One call's inputs: a hash of their shapes, and their size.
  struct Shape {
    var key: Int
    var bytes: Int
  }

  private struct Seen {
    /// Smoothed; nil after the first call, which compiles for the shape.
    var nanoseconds: Double?
    var bytes: Int
  }

  /// With more all are forgotten: a client that varies its shapes without end gains nothing from any of them.
  private static let maximumShapes = 512

  private var seen: [Int: Seen] = [:]

  /// What a call of `shape` will likely take; nil until two were seen.
  func expectedTime(_ shape: Shape) -> TimeAmount? {
    seen[shape.key]?.nanoseconds.map { .nanoseconds(Int64($0)) }
  }

  /// What inputs of `bytes` take at most if time grows with size, judged by all shapes known; nil when there are none.
  func estimatedTime(bytes: Int) -> TimeAmount? {
    let times = seen.values.compactMap { seen in
      seen.nanoseconds.map { $0 * max(1, Double(bytes) / Double(max(1, seen.bytes))) }
    }
    return times.max().map { .nanoseconds(Int64(min($0, 1e15))) }
  }

  mutating func took(_ time: TimeAmount, _ shape: Shape) {
    guard let known = seen[shape.key] else {
      if seen.count >= Self.maximumShapes { seen.removeAll(keepingCapacity: true) }
      seen[shape.key] = Seen(bytes: shape.bytes)
      return
    }
    let sample = Double(time.nanoseconds)
    // Calls that had to wait for the machine must not pass for the model's pace: what is slower counts little, what is faster much.
    seen[shape.key]?.nanoseconds =
      known.nanoseconds.map { $0 + (min(sample, $0 * 4) - $0) / (sample < $0 ? 2 : 8) } ?? sample
  }
}
