package import FleetCore
internal import FoundationEssentials

/// What the console makes of a node: the node's own word for its health, or that there is none.
package enum Condition: String, Sendable, CaseIterable {
  case healthy, degraded, faulty
  /// No news for more than 5 s.
  case unreachable
  /// The console began less than 5 s ago and has heard nothing of it yet, good or bad.
  case connecting
}

/// One node as the console knows it.
package struct NodeState: Sendable, Equatable {
  /// Older news than this and a node counts as unreachable, in seconds.
  package static let unreachableAfter = 5.0
  /// What the charts show, in seconds.
  package static let chartSeconds = 120.0

  package let name: NodeName
  package let address: String
  package let labels: [String: String]
  package internal(set) var description: NodeDescription?
  /// Frames of the last window, oldest first.
  private(set) var frames: [Frame] = []
  /// The last two minutes, oldest first.
  private(set) var samples: [Sample] = []
  package private(set) var metrics = NodeMetrics()
  /// When the newest frame was taken, on the console's clock, so that a frame of the past is no news of now; nil before
  /// the first.
  package private(set) var arrived: Double?
  /// When the console began to try; infinite while it waits for its turn.
  package private(set) var since: Double
  /// The log says already that it is unreachable.
  var isToldUnreachable = false
  /// Why there is no link now; nil while there is one.
  package internal(set) var linkError: String?
  /// Least seen difference between our clock and the node's, which places its samples on ours.
  private var clockOffset: Double?
  /// When that was last set.
  private var offsetSet = 0.0
  /// By how much the offset may grow, in seconds a second: more than any clock drifts (NTP slews by at most 0.0005), so
  /// that a clock that runs slow does not look like old news, and too little to make old news look new.
  private static let offsetGrowth = 0.001

  init(_ node: FleetDefinition.Node, since: Double) {
    name = node.name
    address = node.address
    labels = node.labels
    self.since = since
  }

  package var last: Frame? { frames.last }

  /// Nobody has tried to reach it yet, so that it is not unreachable.
  mutating func queueDial() { since = .infinity }

  mutating func dial(at now: Moment) { since = min(since, now.uptime) }

  /// Seconds since the newest news; nil when there never was any.
  package func age(at now: Moment) -> Double? {
    arrived.map { max(0, now.uptime - $0) }
  }

  package func condition(at now: Moment) -> Condition {
    guard let last, let age = age(at: now) else {
      return linkError != nil || now.uptime - since > Self.unreachableAfter ? .unreachable : .connecting
    }
    if age > Self.unreachableAfter { return .unreachable }
    switch last.health {
    case .healthy: return .healthy
    case .degraded: return .degraded
    case .faulty: return .faulty
    }
  }

  package func isReachable(at now: Moment) -> Bool {
    switch condition(at: now) {
    case .healthy, .degraded, .faulty: true
    case .unreachable, .connecting: false
    }
  }

  /// Whether it answers requests itself, as far as is known.
  package func isServing(at now: Moment) -> Bool {
    isReachable(at: now) && last?.availability == .serving && last?.engine.state == .serving
  }

  /// The samples with their times on the console's clock.
  var timedSamples: [(time: Double, sample: Sample)] {
    let offset = clockOffset ?? 0
    return samples.map { ($0.nodeTime + offset, $0) }
  }

  /// Takes a frame in. A frame that was there already, as history sent again after a reconnect, changes nothing
  /// and gives false.
  mutating func receive(_ frame: Frame, at now: Moment) -> Bool {
    if let last, last.agentStarted == frame.agentStarted, frame.sequence <= last.sequence { return false }
    let time = frame.time.timeIntervalSince1970
    if let newest = samples.last?.nodeTime, time < newest {
      // Its clock was set back: earlier samples have no place on the axis any more.
      samples.removeAll()
      clockOffset = nil
    }
    frames.append(frame)
    let horizon = time - NodeMetrics.windowSeconds - 2
    frames.removeAll { $0.time.timeIntervalSince1970 < horizon || $0.agentStarted != frame.agentStarted }
    if frames.count > 150 { frames.removeFirst(frames.count - 150) }
    metrics = NodeMetrics(frames: frames)
    samples.append(Sample(frame: frame, metrics: metrics))
    let oldest = time - Self.chartSeconds - 10
    if let first = samples.first, first.nodeTime < oldest { samples.removeAll { $0.nodeTime < oldest } }
    if samples.count > 1500 { samples.removeFirst(samples.count - 1500) }
    let known = clockOffset.map { $0 + max(0, now.uptime - offsetSet) * Self.offsetGrowth }
    let offset = min(known ?? .infinity, now.uptime - time)
    clockOffset = offset
    offsetSet = now.uptime
    arrived = max(arrived ?? -.infinity, time + offset)
    linkError = nil
    if isReachable(at: now) { isToldUnreachable = false }
    return true
  }
}
