import FleetCore
import FoundationEssentials

/// Says in each frame how the node is: takes out what cannot be, and has the rules judge the rest.
struct NodeJudge: Sendable {
  private let certificateExpires: Date?
  private var window = HealthWindow()
  private var readings = ReadingGuard()
  /// Since the rules were asked last.
  private var impossible: Set<ImpossibleReading> = []
  private var monitor: HealthMonitor
  private var verdict = HealthVerdict()
  private var judged = -Double.infinity
  private var judgedState: EngineStatus.State?

  init(slo: ServiceLevel, limits: HealthLimits, certificateExpires: Date?) {
    self.certificateExpires = certificateExpires
    monitor = HealthMonitor(slo: slo, limits: limits)
  }

  /// `frame` has all but its health.
  mutating func complete(
    _ frame: inout Frame,
    engine: EngineSnapshot,
    throttles: Reading,
    siblings: [SiblingSample],
    at seconds: Double
  ) {
    impossible.formUnion(readings.clean(&frame))
    // At most once a second, however often frames are made: the rules count on it, and merging histograms costs. But at once when the
    // engine comes or goes: siblings and rollouts act on that.
    if seconds - judged >= 0.9 || engine.status.state != judgedState {
      judged = seconds
      judgedState = engine.status.state
      verdict = monitor.update(sample(frame, engine, throttles, siblings, at: seconds))
      impossible = []
    }
    (frame.health, frame.reasons, frame.findings) = (verdict.health, verdict.reasons, verdict.findings)
  }

  private mutating func sample(
    _ frame: Frame,
    _ engine: EngineSnapshot,
    _ throttles: Reading,
    _ siblings: [SiblingSample],
    at seconds: Double
  ) -> HealthSample {
    let recent = window.add(engine.counters.models.map(LoadReport.Model.init), at: seconds)
    let accelerator = frame.accelerators.first
    return HealthSample(
      seconds: seconds,
      date: frame.time,
      requests: recent.requests,
      errors: recent.errors,
      latency: recent.latency,
      models: recent.models,
      siblings: siblings,
      celsius: accelerator?.celsius ?? .absent("no accelerator"),
      throttles: throttles,
      joules: accelerator?.joules ?? .absent("no accelerator"),
      inferences: engine.counters.inferences,
      diskFreeBytes: frame.diskFreeBytes,
      certificateExpires: certificateExpires,
      probes: frame.probes,
      impossible: impossible.sorted { ($0.subject, $0.text) < ($1.subject, $1.text) },
      engineState: engine.status.state,
      engineProblem: engine.status.problem,
      engineRestarts: engine.status.restarts
    )
  }
}
