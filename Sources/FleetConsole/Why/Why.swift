package import FleetCore
package import FoundationEssentials

/// Why a node is as it is: what is wrong, since when, by which evidence, what was done to it just before, what its siblings say, and what
/// to do about it.
package struct Why: Sendable, Equatable {
  /// Something that was done to the node or happened to it.
  package struct Change: Sendable, Equatable {
    package var change: NodeChange
    /// How long before the trouble began, in seconds; negative when it came after, nil when nothing is wrong.
    package var secondsBefore: Double?
  }

  package struct Sibling: Sendable, Equatable {
    package var name: NodeName
    package var condition: Condition
    package var isServing: Bool
    /// The version it serves and what it did in the last 10 s; nil when nothing is known.
    package var versions: [ModelVersion]
    package var p99: Double?
    package var requestsPerSecond: Double?
  }

  /// A number that health is judged by.
  package struct Number: Sendable, Equatable {
    package var name: String
    package var reading: Reading
    /// Nil when it has none.
    package var limit: Double?
    /// Such as `ms`.
    package var unit: String
  }

  package var node: NodeName
  /// On the console's clock.
  package var time: Date
  package var condition: Condition
  /// What the node said of itself last; nil before its first frame, like its availability.
  package var health: Health?
  package var availability: Availability?
  package var isSimulated: Bool?
  /// How old the news is, in seconds; nil when there never was any.
  package var ageSeconds: Double?
  /// When it was taken, on the node's clock.
  package var newsTime: Date?
  package var linkError: String?
  /// One sentence: what is the matter.
  package var summary: String
  /// When the trouble began, on the node's clock; nil when nothing is wrong or nobody knows.
  package var since: Date?
  /// What the rules found, worst first; of an unreachable node what they found last.
  package var findings: [Finding]
  /// The same in words; all that there is of an agent of before.
  package var reasons: [String]
  /// The fault that somebody put in on purpose; it need not have begun.
  package var injectedFault: String?
  /// Where the time of requests goes; nil when too few were answered.
  package var split: TimeSplit?
  /// Around the time when the trouble began, or the newest when nothing is wrong; oldest first.
  package var changes: [Change]
  package var siblings: [Sibling]
  package var numbers: [Number]
  /// What a person can do, the best first.
  package var advice: [String]

  package var isReachable: Bool { condition != .unreachable && condition != .connecting }
}

/// The median time of a request and its parts, in milliseconds. The parts are medians too, so that their sum is near the whole, not equal.
package struct TimeSplit: Sendable, Equatable {
  package enum Part: String, Sendable {
    /// Waiting for the accelerator.
    case waiting
    case computing
    /// Reading and writing, and whatever else holds an answer up.
    case elsewhere
  }

  package var total: Double
  package var waiting: Double
  package var computing: Double

  package var elsewhere: Double { max(0, total - waiting - computing) }

  /// The part that takes more than half; nil when none does.
  package var main: Part? {
    if computing > total / 2 { return .computing }
    if waiting > total / 2 { return .waiting }
    return elsewhere > total / 2 ? .elsewhere : nil
  }

  /// Nil when fewer than 20 requests were answered in the last 10 s.
  init?(_ metrics: NodeMetrics) {
    func median(_ histogram: KeyPath<NodeMetrics.Model, LatencyHistogram>) -> Double? {
      LatencyHistogram(merging: metrics.models.map { $0[keyPath: histogram] }).milliseconds(atPercentile: 50)
    }
    guard metrics.latency.count >= 20, let total = median(\.latency) else { return nil }
    self.total = total
    waiting = median(\.queueTime) ?? 0
    computing = median(\.computeTime) ?? 0
  }
}
