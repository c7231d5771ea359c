import FleetCore

/// Energy and power of the processor packages from their own counters: Running Average Power Limit, which the kernel shows under
/// `/sys/class/powercap` (Documentation/power/powercap/powercap.rst). Since 2020 only root may read them.
struct RAPLProbe: Probe {
  private static let folder = "/sys/class/powercap"

  let name = "rapl"
  private let files: SystemFiles
  private var joules = 0.0
  private var last: (seconds: Double, microjoules: [String: Double])?

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    do throws(ProbeError) {
      let zones = packages()
      guard !zones.isEmpty else {
        findings[.watts] = .absent("no RAPL counters")
        findings[.joules] = .absent("no RAPL counters")
        return findings
      }
      var now: [String: Double] = [:]
      for zone in zones { now[zone] = try files.number("\(Self.folder)/\(zone)/energy_uj") }
      findings[.watts] = try watts(now, at: moment.seconds)
      findings[.joules] = .measured(joules)
      last = (moment.seconds, now)
    } catch {
      last = nil
      findings[.watts] = .absent("\(error)")
      findings[.joules] = .absent("\(error)")
      findings.note("\(error)")
    }
    return findings
  }

  /// `intel-rapl:0` and so on, on AMD too; their parts (`intel-rapl:0:0`) are in them already, `psys` would count them twice.
  private func packages() -> [String] {
    files.names(in: Self.folder).filter { zone in
      zone.split(separator: ":").count == 2
        && (try? files.text("\(Self.folder)/\(zone)/name"))?.hasPrefix("package") == true
    }
  }

  private mutating func watts(_ now: [String: Double], at seconds: Double) throws(ProbeError) -> Reading {
    guard let last, seconds > last.seconds else { return .absent("measured from the second sample on") }
    var spent = 0.0
    for (zone, microjoules) in now {
      guard let before = last.microjoules[zone] else { return .absent("measured from the second sample on") }
      var delta = microjoules - before
      // The counter starts again at zero past its range.
      if delta < 0 { delta += try files.number("\(Self.folder)/\(zone)/max_energy_range_uj") }
      spent += delta / 1_000_000
    }
    let watts = spent / (seconds - last.seconds)
    // What cannot be is not added up either.
    if ProbedQuantity.watts.plausible.contains(watts) { joules += spent }
    return .measured(watts)
  }
}
