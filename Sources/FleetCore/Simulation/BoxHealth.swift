/// Judges a simulated box by the rules that real ones go by.
struct BoxHealth: Sendable {
  private var monitor: HealthMonitor
  /// Errors at the end of each tick of the window, oldest first.
  private var marks: [(seconds: Double, errors: UInt64)] = []

  init(slo: ServiceLevel) {
    monitor = HealthMonitor(slo: slo)
  }

  mutating func judge(_ box: BoxTelemetry, engine: EngineStatus) -> (health: Health, reasons: [String]) {
    marks.append((box.time, box.errors))
    let oldest = box.time - HealthMonitor.windowSeconds
    if let start = marks.lastIndex(where: { $0.seconds <= oldest }) { marks.removeFirst(start) }
    let errors = box.errors - min(marks.first?.errors ?? 0, box.errors)
    return monitor.update(
      HealthSample(
        seconds: box.time,
        requests: box.window.requests,
        errors: min(errors, box.window.requests),
        p99Milliseconds: box.window.p99Milliseconds,
        celsius: .measured(box.celsius),
        engineState: engine.state,
        engineProblem: engine.problem,
        engineRestarts: engine.restarts
      )
    )
  }
}
