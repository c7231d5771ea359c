package import FleetCore

/// All probes together, on a thread of its own because it waits for them.
package actor ProbeBoard {
  /// What a round waits for its slowest probe.
  static let patience: Duration = .milliseconds(200)

  private let runners: [ProbeRunner]
  private let executor: ThreadExecutor

  package init(_ probes: [any Probe]) throws {
    executor = try ThreadExecutor(name: "probes")
    runners = try probes.map { try ProbeRunner($0) }
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Samples every probe at the same time.
  package func round(_ moment: ProbeMoment) -> ProbeRound {
    for runner in runners { runner.begin(moment) }
    let end = ContinuousClock.now + Self.patience
    var round = ProbeRound()
    for runner in runners {
      let (findings, report) = runner.finish(moment, timeout: max(.zero, end - ContinuousClock.now))
      round.add(findings, report)
    }
    return round
  }
}

/// What all probes found at one moment.
package struct ProbeRound: Sendable, Equatable {
  private var readings: [ProbedQuantity: Reading] = [:]
  package private(set) var reports: [ProbeReport] = []

  package init() {}

  /// A value found earlier stays; without one, the reason given last counts.
  package mutating func add(_ findings: ProbeFindings, _ report: ProbeReport) {
    readings.merge(findings.readings) { earlier, later in earlier.value == nil ? later : earlier }
    reports.append(report)
  }

  package subscript(quantity: ProbedQuantity) -> Reading { readings[quantity] ?? .absent("no probe for it") }
}
