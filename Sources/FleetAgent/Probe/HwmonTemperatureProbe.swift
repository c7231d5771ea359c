import FleetCore

/// The hottest part of the processor by its sensor chip: `temp*_input` under `/sys/class/hwmon`, in thousandths of a degree.
struct HwmonTemperatureProbe: Probe {
  private static let folder = "/sys/class/hwmon"
  /// Chips that measure a processor; others measure disks, radios or the air.
  private static let processorChips = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal", "scpi_sensors"]

  let name = "hwmon-temperature"
  private let files: SystemFiles

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    var hottest: Double?
    for chip in files.names(in: Self.folder) {
      let path = "\(Self.folder)/\(chip)"
      guard let name = try? files.text("\(path)/name"), Self.processorChips.contains(name) else { continue }
      for input in files.names(in: path) where input.hasPrefix("temp") && input.hasSuffix("_input") {
        do throws(ProbeError) {
          let celsius = try files.number("\(path)/\(input)") / 1000
          hottest = max(hottest ?? celsius, celsius)
        } catch {
          findings.note("\(error)")
        }
      }
    }
    let reason = findings.problems.first ?? "no temperature sensor of the processor"
    findings[.celsius] = hottest.map { .measured($0) } ?? .absent(reason)
    return findings
  }
}
