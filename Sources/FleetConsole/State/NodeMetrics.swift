package import FleetCore
internal import FoundationEssentials

/// What a node did lately, from the difference of two of its frames. Cumulative counters make this exact for any two frames
/// of one engine, however many were lost between them.
package struct NodeMetrics: Equatable, Sendable {
  /// How far back rates and percentiles look.
  package static let windowSeconds = 10.0

  package struct Model: Equatable, Sendable {
    package var version: ModelVersion
    package var digest: ModelDigest
    package var requests: UInt64
    package var errors: UInt64
    package var inFlight: UInt64
    package var queued: UInt64
    package var handedOff: UInt64
    /// Nil when there is no earlier frame of the same engine to compare with.
    package var requestsPerSecond: Double?
    package var errorsPerSecond: Double?
    /// What the window covers; nil when there is no earlier frame to compare with.
    package var windowSeconds: Double?
    /// Requests within the window.
    package var windowRequests: UInt64
    package var latency: LatencyHistogram
    package var queueTime: LatencyHistogram
    package var computeTime: LatencyHistogram
    package var joulesPerInference: Reading
  }

  package var models: [Model] = []
  /// Mean of the accelerators, 0 to 1.
  package var utilization: Reading = .absent("no frame yet")
  /// Sum of the accelerators.
  package var watts: Reading = .absent("no frame yet")
  package var celsius: Reading = .absent("no frame yet")
  package var joulesPerInference: Reading = .absent("no frame yet")

  /// Everything of all models within the window.
  package var latency: LatencyHistogram = LatencyHistogram()
  package var requestsPerSecond: Double?
  package var windowRequests: UInt64 = 0
  /// Energy used within the window, as far as `windowRequests` go.
  package var windowJoules: Reading = .absent("no frame yet")
  package var inFlight: UInt64 = 0

  package init() {}

  /// `frames` are one node's, oldest first; the last one is now.
  package init(frames: [Frame]) {
    guard let last = frames.last else { return }
    let usable = frames.dropLast().filter { Self.areOfOneEngine($0, last) && last.time > $0.time }
    let recent = usable.filter { last.time.timeIntervalSince($0.time) <= Self.windowSeconds + 0.5 }
    utilization = Self.mean(last.accelerators.map(\.utilization))
    watts = Self.sum(last.accelerators.map(\.watts))
    celsius = last.accelerators.map(\.celsius).max { ($0.value ?? -1) < ($1.value ?? -1) } ?? .absent("no accelerator")
    models = last.models.map { Self.model($0, in: last, earlier: recent) }
    latency = models.reduce(LatencyHistogram()) { $0.merged(with: $1.latency) }
    requestsPerSecond = models.compactMap(\.requestsPerSecond).reduce(nil) { ($0 ?? 0) + $1 }
    windowRequests = models.reduce(0) { $0 + $1.windowRequests }
    inFlight = models.reduce(0) { $0 + $1.inFlight }
    windowJoules = recent.first.map { Self.joules(from: $0, to: last) } ?? .absent("no earlier frame to compare with")
    joulesPerInference = Self.perInference(windowJoules, windowRequests)
  }

  /// An agent or engine that began anew counts from zero again, so its frames do not compare with earlier ones.
  private static func areOfOneEngine(_ earlier: Frame, _ later: Frame) -> Bool {
    earlier.isComparable(with: later) && earlier.sequence < later.sequence
  }

  private static func model(_ model: ModelStatus, in last: Frame, earlier: [Frame]) -> Model {
    var result = Model(
      version: ModelVersion(name: model.name, number: model.version),
      digest: model.digest,
      requests: model.requests,
      errors: model.errors,
      inFlight: model.inFlight,
      queued: model.queued,
      handedOff: model.handedOff,
      requestsPerSecond: nil,
      errorsPerSecond: nil,
      windowSeconds: nil,
      windowRequests: 0,
      latency: LatencyHistogram(),
      queueTime: LatencyHistogram(),
      computeTime: LatencyHistogram(),
      joulesPerInference: .absent("no earlier frame to compare with")
    )
    // The oldest frame whose counters this one continues: a counter that fell means a new count that nobody announced.
    for frame in earlier {
      guard let old = frame.models.first(where: { $0.name == model.name }), old.requests <= model.requests,
        old.errors <= model.errors, let latency = model.latency.since(old.latency),
        let queueTime = model.queueTime.since(old.queueTime), let computeTime = model.computeTime.since(old.computeTime)
      else { continue }
      let seconds = last.time.timeIntervalSince(frame.time)
      result.windowSeconds = seconds
      result.windowRequests = model.requests - old.requests
      result.requestsPerSecond = Double(result.windowRequests) / seconds
      result.errorsPerSecond = Double(model.errors - old.errors) / seconds
      result.latency = latency
      result.queueTime = queueTime
      result.computeTime = computeTime
      // A node's accelerators are shared by its models; only with one model is the energy that model's own.
      result.joulesPerInference =
        last.models.count == 1
        ? perInference(joules(from: frame, to: last), result.windowRequests)
        : .absent("\(last.models.count) models share the accelerator")
      break
    }
    return result
  }

  static func perInference(_ joules: Reading, _ requests: UInt64) -> Reading {
    guard joules.value != nil else { return joules }
    return requests > 0 ? joules.map { $0 / Double(requests) } : .absent("no request in the last 10 s")
  }

  private static func joules(from earlier: Frame, to later: Frame) -> Reading {
    guard earlier.accelerators.count == later.accelerators.count else { return .absent("the accelerators changed") }
    let used = zip(earlier.accelerators, later.accelerators).map { old, new in
      new.joules.combined(with: old.joules) { $0 - $1 }
    }
    let sum = Self.sum(used)
    return (sum.value ?? 0) < 0 ? .absent("the energy counter began anew") : sum
  }

  static func sum(_ readings: [Reading]) -> Reading {
    guard let first = readings.first else { return .absent("no accelerator") }
    return readings.dropFirst().reduce(first) { $0.combined(with: $1, +) }
  }

  static func mean(_ readings: [Reading]) -> Reading {
    sum(readings).map { $0 / Double(max(1, readings.count)) }
  }
}
