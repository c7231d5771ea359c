import FleetCore

/// Power from a sensor chip: `power1_average` or `power1_input` under `/sys/class/hwmon`, in microwatts
/// (Documentation/hwmon/sysfs-interface.rst). The first chip that has one is taken.
struct HwmonPowerProbe: Probe {
  private static let folder = "/sys/class/hwmon"

  let name = "hwmon-power"
  private let files: SystemFiles
  private var meter = EnergyMeter()

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    guard let path = sensor() else {
      findings[.watts] = .absent("no power sensor")
      findings[.joules] = .absent("no power sensor")
      return findings
    }
    findings.take(.watts) { () throws(ProbeError) in .measured(try files.number(path) / 1_000_000) }
    let watts = findings[.watts] ?? .absent("no power sensor")
    meter.add(watts: watts.value, at: moment.seconds)
    findings[.joules] = meter.hasBegun ? .measured(meter.joules) : watts
    return findings
  }

  private func sensor() -> String? {
    for chip in files.names(in: Self.folder) {
      let names = files.names(in: "\(Self.folder)/\(chip)")
      for name in ["power1_average", "power1_input"] where names.contains(name) {
        return "\(Self.folder)/\(chip)/\(name)"
      }
    }
    return nil
  }
}
