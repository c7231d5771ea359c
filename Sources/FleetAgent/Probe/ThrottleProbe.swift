import FleetCore

/// How often the processor slowed itself down because of heat: `core_throttle_count` and `package_throttle_count` of Intel's processors
/// (Documentation/admin-guide/abi, `/sys/devices/system/cpu/cpu*/thermal_throttle`), summed up since the machine was switched on.
struct ThrottleProbe: Probe {
  private static let folder = "/sys/devices/system/cpu"

  let name = "throttle"
  private let files: SystemFiles

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    var sum: Double?
    var packages: Set<String> = []
    for cpu in files.names(in: Self.folder) where Int(cpu.dropFirst(3)) != nil && cpu.hasPrefix("cpu") {
      let counters = "\(Self.folder)/\(cpu)/thermal_throttle"
      // Every core of a package shows the package's own count.
      let package = (try? files.text("\(Self.folder)/\(cpu)/topology/physical_package_id")) ?? cpu
      let isFirst = packages.insert(package).inserted
      for name in files.names(in: counters) {
        guard name == "core_throttle_count" || name == "package_throttle_count" && isFirst else { continue }
        do throws(ProbeError) {
          sum = (sum ?? 0) + (try files.number("\(counters)/\(name)"))
        } catch {
          findings.note("\(error)")
        }
      }
    }
    let reason = findings.problems.first ?? "no counter of throttling"
    // A sum that lacks a part would seem to go back.
    findings[.throttles] = findings.problems.isEmpty ? sum.map { .measured($0) } ?? .absent(reason) : .absent(reason)
    return findings
  }
}
