import FleetCore
import Glibc

/// What the engine costs, and how busy it keeps the processor: its CPU time over all cores.
struct EngineProcessProbe: Probe {
  /// The kernel counts CPU time in hundredths of a second: over less than this the share would jump.
  private static let window = 0.95

  let name = "engine"
  private let files: SystemFiles
  private let cores: Double
  private let unit: ProcessFile.Unit
  private var pid: Int32?
  private var past: [(seconds: Double, cpuSeconds: Double)] = []

  init(
    files: SystemFiles,
    cores: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN)),
    unit: ProcessFile.Unit = ProcessFile.Unit()
  ) {
    self.files = files
    self.cores = Double(max(1, cores))
    self.unit = unit
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    if moment.enginePID != pid { past = [] }
    pid = moment.enginePID
    guard let pid else { return Self.absent("the engine is not running") }
    let process: ProcessFile
    do throws(ProbeError) {
      process = try ProcessFile(pid: pid, files: files, unit: unit)
    } catch {
      // It ended between the agent's look and ours, more often than not.
      past = []
      return Self.absent("\(error)")
    }
    findings[.engineCPUSeconds] = .measured(process.cpuSeconds)
    findings[.engineResidentBytes] = .measured(process.residentBytes)
    if let from = past.last(where: { moment.seconds - $0.seconds >= Self.window }) {
      let share = (process.cpuSeconds - from.cpuSeconds) / (moment.seconds - from.seconds) / cores
      // Neither clock is exact: on a machine that is busy the file is read later than the moment says.
      findings[.engineUtilization] = .measured(share > 1 && share < 1.5 ? 1 : share)
    } else {
      findings[.engineUtilization] = .absent("measured from the second second on")
    }
    past.append((moment.seconds, process.cpuSeconds))
    past.removeAll { moment.seconds - $0.seconds > 3 }
    return findings
  }

  private static func absent(_ reason: String) -> ProbeFindings {
    var findings = ProbeFindings()
    for quantity in [ProbedQuantity.engineCPUSeconds, .engineResidentBytes, .engineUtilization] {
      findings[quantity] = .absent(reason)
    }
    return findings
  }
}
