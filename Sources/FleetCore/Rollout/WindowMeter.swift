internal import FoundationEssentials

/// Makes a `GateWindow` of one node's frames. Counters are cumulative, so two frames tell what lies between them, however many
/// were lost; where an agent or engine began anew, or another version came, they are compared on each side of it only.
package struct WindowMeter: Sendable {
  private let digest: ModelDigest
  private let model: String
  private var segment: (first: Frame, last: Frame)?
  private var seconds = 0.0
  private var requests: UInt64 = 0
  private var errors: UInt64 = 0
  private var latency = LatencyHistogram()
  private var joules = Evidence<Double>.known(0)
  private var watts = Mean()
  private var utilization = Mean()
  private var celsius: Evidence<Double>?
  /// Frames in which the version was there.
  package private(set) var frames = 0

  /// Measures one version; frames in which the node does not have it loaded say nothing of it.
  package init(_ version: ModelVersion, digest: ModelDigest) {
    self.digest = digest
    model = version.name
  }

  /// How much time is measured so far, by the node's own clock.
  package var measuredSeconds: Double {
    seconds + (segment.map { $0.last.time.timeIntervalSince($0.first.time) } ?? 0)
  }

  package mutating func add(_ frame: Frame) {
    guard status(in: frame) != nil else { return close() }
    frames += 1
    watts.add(Evidence(Self.sum(frame.accelerators.map(\.watts))))
    utilization.add(
      Evidence(Self.sum(frame.accelerators.map(\.utilization)).map { $0 / Double(frame.accelerators.count) })
    )
    let hottest = Self.hottest(frame)
    if (hottest.value ?? -.infinity) >= (celsius?.value ?? -.infinity) { celsius = hottest }
    if let last = segment?.last {
      // A frame that came twice or late.
      if last.agentStarted == frame.agentStarted, frame.sequence <= last.sequence { return }
      if !continues(last, frame) { close() }
    }
    segment = (segment?.first ?? frame, frame)
  }

  /// What was measured so far.
  package var window: GateWindow {
    var copy = self
    copy.close()
    guard copy.seconds > 0 else {
      return .absent(frames == 0 ? "no frame showed the version" : "the frames cover no time")
    }
    return GateWindow(
      seconds: copy.seconds,
      requests: .known(copy.requests),
      errors: .known(copy.errors),
      latency: .known(copy.latency),
      joules: copy.joules,
      watts: copy.watts.evidence,
      celsius: copy.celsius ?? .absent("no accelerator"),
      utilization: copy.utilization.evidence
    )
  }

  private func status(in frame: Frame) -> ModelStatus? {
    frame.models.first { $0.name == model && $0.digest == digest }
  }

  private func continues(_ last: Frame, _ next: Frame) -> Bool {
    guard last.agentStarted == next.agentStarted, last.engine.restarts == next.engine.restarts,
      last.engine.pid == next.engine.pid, next.time > last.time, let old = status(in: last), let new = status(in: next)
    else { return false }
    return old.requests <= new.requests && old.errors <= new.errors && new.latency.since(old.latency) != nil
  }

  /// Adds up what the frames at hand span.
  private mutating func close() {
    defer { segment = nil }
    guard let (first, last) = segment, last.time > first.time, let old = status(in: first), let new = status(in: last),
      let between = new.latency.since(old.latency)
    else { return }
    seconds += last.time.timeIntervalSince(first.time)
    requests += new.requests - old.requests
    errors += new.errors - old.errors
    latency = latency.merged(with: between)
    joules = Self.sum(joules, Self.joules(from: first, to: last))
  }

  private static func joules(from first: Frame, to last: Frame) -> Evidence<Double> {
    guard last.models.count == 1 else { return .absent("\(last.models.count) models share the accelerator") }
    guard first.accelerators.count == last.accelerators.count else { return .absent("the accelerators changed") }
    let used = zip(first.accelerators, last.accelerators).map { old, new in new.joules.combined(with: old.joules, -) }
    let sum = Self.sum(used)
    return (sum.value ?? 0) < 0 ? .absent("the energy counter began anew") : Evidence(sum)
  }

  private static func sum(_ left: Evidence<Double>, _ right: Evidence<Double>) -> Evidence<Double> {
    switch (left, right) {
    case (.known(let a, let isRough), .known(let b, let isRoughToo)): .known(a + b, isEstimate: isRough || isRoughToo)
    case (.absent, _): left
    case (_, .absent): right
    }
  }

  private static func sum(_ readings: [Reading]) -> Reading {
    guard let first = readings.first else { return .absent("no accelerator") }
    return readings.dropFirst().reduce(first) { $0.combined(with: $1, +) }
  }

  private static func hottest(_ frame: Frame) -> Evidence<Double> {
    let hottest = frame.accelerators.map(\.celsius).max { ($0.value ?? -.infinity) < ($1.value ?? -.infinity) }
    return Evidence(hottest ?? .absent("no accelerator"))
  }
}

/// The mean of what could be read.
private struct Mean {
  private var sum = 0.0
  private var count = 0
  private var isEstimate = false
  private var absence = "no frame"

  mutating func add(_ evidence: Evidence<Double>) {
    switch evidence {
    case .known(let value, let isEstimate):
      sum += value
      count += 1
      self.isEstimate = self.isEstimate || isEstimate
    case .absent(let why): absence = why
    }
  }

  var evidence: Evidence<Double> {
    count > 0 ? .known(sum / Double(count), isEstimate: isEstimate) : .absent(absence)
  }
}
