/// Judges a simulated box by the rules that real ones go by.
struct BoxHealth: Sendable {
  private var monitor: HealthMonitor
  private var readings = ReadingGuard()
  /// Errors at the end of each tick of the window, oldest first.
  private var marks: [(seconds: Double, errors: UInt64)] = []

  init(slo: ServiceLevel, limits: HealthLimits = HealthLimits()) {
    monitor = HealthMonitor(slo: slo, limits: limits)
  }

  /// Fills in what `frame`, which has all else, says of the box's health. `siblings` are the other boxes of its store.
  mutating func judge(_ box: BoxTelemetry, _ frame: inout Frame, siblings: [SiblingSample]) {
    let impossible = readings.clean(&frame)
    marks.append((box.time, box.errors))
    let oldest = box.time - HealthMonitor.windowSeconds
    if let start = marks.lastIndex(where: { $0.seconds <= oldest }) { marks.removeFirst(start) }
    let errors = box.errors - min(marks.first?.errors ?? 0, box.errors)
    let latency = box.window.histogram
    let accelerator = frame.accelerators.first
    let verdict = monitor.update(
      HealthSample(
        seconds: box.time,
        date: frame.time,
        requests: box.window.requests,
        errors: min(errors, box.window.requests),
        latency: latency,
        models: frame.models.map {
          ModelWindow(version: ModelVersion(name: $0.name, number: $0.version), latency: latency)
        },
        siblings: siblings,
        celsius: accelerator?.celsius ?? .absent("no accelerator"),
        joules: accelerator?.joules ?? .absent("no accelerator"),
        inferences: box.requests,
        diskFreeBytes: frame.diskFreeBytes,
        impossible: impossible,
        engineState: frame.engine.state,
        engineProblem: frame.engine.problem,
        engineRestarts: frame.engine.restarts
      )
    )
    (frame.health, frame.reasons, frame.findings) = (verdict.health, verdict.reasons, verdict.findings)
  }
}
