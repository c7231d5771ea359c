import FleetCore

/// One probe on a thread of its own, so that a sensor that hangs keeps nobody waiting.
final class ProbeRunner: Sendable {
  private struct Desk {
    var order: ProbeMoment?
    var busySince: Double?
    var findings = ProbeFindings()
    /// How long the last sample took.
    var seconds = 0.0
    var isClosed = false
  }

  let name: String
  private let desk: Monitor<Desk>

  init(_ probe: any Probe) throws {
    name = probe.name
    let desk = Monitor(Desk())
    self.desk = desk
    try OwnThread.start("probe-\(probe.name)") {
      var probe = probe
      while let order = desk.wait(for: Self.nextOrder), let moment = order {
        let clock = ContinuousClock()
        let began = clock.now
        let findings = probe.sample(moment)
        let seconds = (clock.now - began).seconds
        desk.change { desk in
          desk.findings = findings
          desk.seconds = seconds
          desk.busySince = nil
        }
      }
    }
  }

  deinit {
    desk.change { $0.isClosed = true }
  }

  /// Asks for a sample, unless it is still at the one before.
  func begin(_ moment: ProbeMoment) {
    desk.change { desk in
      guard desk.busySince == nil else { return }
      desk.order = moment
      desk.busySince = moment.seconds
    }
  }

  /// Waits up to `timeout` for the sample that was begun. Blocks.
  func finish(_ moment: ProbeMoment, timeout: Duration) -> (findings: ProbeFindings, report: ProbeReport) {
    let name = name
    let done = desk.wait(timeout: timeout) { desk in
      desk.busySince == nil ? (desk.findings, desk.seconds) : nil
    }
    if let (findings, seconds) = done {
      let problems = findings.problems.joined(separator: "; ")
      return (findings, ProbeReport(name: name, seconds: seconds, error: problems.isEmpty ? nil : problems))
    }
    return desk.change { desk in
      let waited = moment.seconds - (desk.busySince ?? moment.seconds)
      let problem = "has not answered for \(Int(waited.rounded(.up))) s"
      // A late probe's last word stands for a moment, then it is no news any more.
      var findings = desk.findings
      if waited > 5 {
        for quantity in findings.readings.keys { findings[quantity] = .absent("the probe '\(name)' \(problem)") }
      }
      return (findings, ProbeReport(name: name, seconds: waited, error: problem))
    }
  }

  /// What to do: an order, or nil at the end; nothing (outer nil) while there is none.
  private static func nextOrder(_ desk: inout Desk) -> ProbeMoment?? {
    if desk.isClosed { return .some(nil) }
    guard let order = desk.order else { return nil }
    desk.order = nil
    return order
  }
}
