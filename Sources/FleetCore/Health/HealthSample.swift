package import FoundationEssentials

/// What the health rules look at in one tick.
package struct HealthSample: Sendable, Equatable {
  /// Seconds on a clock that never goes back.
  package var seconds: Double
  /// The node's clock.
  package var date: Date
  /// Requests answered in the last `HealthMonitor.windowSeconds`, and how many of them with an error.
  package var requests: UInt64
  package var errors: UInt64
  /// Over the same window; empty when nothing was answered in it.
  package var latency: LatencyHistogram
  /// The same by model.
  package var models: [ModelWindow]
  /// What the other nodes of the store say, as far as they say something.
  package var siblings: [SiblingSample]
  package var celsius: Reading
  /// How often the processor has slowed itself down because of heat, since it was switched on.
  package var throttles: Reading
  /// Energy used so far, and rows computed so far.
  package var joules: Reading
  package var inferences: UInt64
  package var diskFreeBytes: Reading
  /// When the certificate ends by which the node is known; nil when it has none.
  package var certificateExpires: Date?
  package var probes: [ProbeReport]
  /// What sensors said that cannot be.
  package var impossible: [ImpossibleReading]
  package var engineState: EngineStatus.State
  package var engineProblem: String?
  /// Unplanned ends of the engine so far.
  package var engineRestarts: UInt64

  package init(
    seconds: Double,
    date: Date? = nil,
    requests: UInt64 = 0,
    errors: UInt64 = 0,
    latency: LatencyHistogram = LatencyHistogram(),
    models: [ModelWindow] = [],
    siblings: [SiblingSample] = [],
    celsius: Reading = .absent("no sensor"),
    throttles: Reading = .absent("no counter"),
    joules: Reading = .absent("no sensor"),
    inferences: UInt64 = 0,
    diskFreeBytes: Reading = .absent("not sampled yet"),
    certificateExpires: Date? = nil,
    probes: [ProbeReport] = [],
    impossible: [ImpossibleReading] = [],
    engineState: EngineStatus.State = .serving,
    engineProblem: String? = nil,
    engineRestarts: UInt64 = 0
  ) {
    self.seconds = seconds
    self.date = date ?? Date(timeIntervalSince1970: seconds)
    self.requests = requests
    self.errors = errors
    self.latency = latency
    self.models = models
    self.siblings = siblings
    self.celsius = celsius
    self.throttles = throttles
    self.joules = joules
    self.inferences = inferences
    self.diskFreeBytes = diskFreeBytes
    self.certificateExpires = certificateExpires
    self.probes = probes
    self.impossible = impossible
    self.engineState = engineState
    self.engineProblem = engineProblem
    self.engineRestarts = engineRestarts
  }
}

/// What was answered under one model's name within the window.
package struct ModelWindow: Sendable, Equatable {
  package var version: ModelVersion
  package var latency: LatencyHistogram

  package init(version: ModelVersion, latency: LatencyHistogram) {
    self.version = version
    self.latency = latency
  }
}

/// What another node of the store says of itself.
package struct SiblingSample: Sendable, Equatable {
  package var name: NodeName
  /// Whether it answers requests itself.
  package var isServing: Bool
  package var models: [ModelWindow]
  /// Nil when it does not say what time it has.
  package var clock: ClockDifference?

  package init(name: NodeName, isServing: Bool, models: [ModelWindow] = [], clock: ClockDifference? = nil) {
    self.name = name
    self.isServing = isServing
    self.models = models
    self.clock = clock
  }
}

/// By how much another clock is ahead of ours.
package struct ClockDifference: Sendable, Equatable {
  package var secondsAhead: Double
  /// How far that may be off, in seconds.
  package var uncertainty: Double

  package init(secondsAhead: Double, uncertainty: Double) {
    self.secondsAhead = secondsAhead
    self.uncertainty = uncertainty
  }
}

/// What a sensor or a counter said that cannot be.
package struct ImpossibleReading: Sendable, Hashable {
  /// `watts of cpu 0`
  package var subject: String
  /// `-3`, `a counter that went back from 900 to 12`
  package var text: String

  package init(subject: String, text: String) {
    self.subject = subject
    self.text = text
  }
}
