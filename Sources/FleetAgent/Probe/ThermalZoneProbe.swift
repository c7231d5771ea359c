import FleetCore

/// Temperature by the kernel's thermal zones, which small boards have instead of sensor chips: `/sys/class/thermal/thermal_zone*`, in
/// thousandths of a degree (Documentation/driver-api/thermal/sysfs-api.rst).
struct ThermalZoneProbe: Probe {
  private static let folder = "/sys/class/thermal"
  private static let processorTypes = [
    "x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "tj-thermal",
  ]

  let name = "thermal-zone"
  private let files: SystemFiles

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    var zones: [(type: String, path: String)] = []
    for zone in files.names(in: Self.folder) where zone.hasPrefix("thermal_zone") {
      let path = "\(Self.folder)/\(zone)"
      zones.append(((try? files.text("\(path)/type")) ?? "", "\(path)/temp"))
    }
    let ofProcessor = zones.filter { Self.processorTypes.contains($0.type) }
    var hottest: Double?
    for zone in ofProcessor.isEmpty ? zones : ofProcessor {
      do throws(ProbeError) {
        let celsius = try files.number(zone.path) / 1000
        hottest = max(hottest ?? celsius, celsius)
      } catch {
        findings.note("\(error)")
      }
    }
    findings[.celsius] = hottest.map { .measured($0) } ?? .absent(findings.problems.first ?? "no temperature sensor")
    return findings
  }
}
