import FleetCore

/// What the agent itself costs.
struct AgentProcessProbe: Probe {
  let name = "agent"
  private let files: SystemFiles
  private let pid: Int32
  private let unit: ProcessFile.Unit

  init(files: SystemFiles, pid: Int32, unit: ProcessFile.Unit = ProcessFile.Unit()) {
    self.files = files
    self.pid = pid
    self.unit = unit
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    do throws(ProbeError) {
      let process = try ProcessFile(pid: pid, files: files, unit: unit)
      findings[.agentCPUSeconds] = .measured(process.cpuSeconds)
      findings[.agentResidentBytes] = .measured(process.residentBytes)
    } catch {
      findings[.agentCPUSeconds] = .absent("\(error)")
      findings[.agentResidentBytes] = .absent("\(error)")
      findings.note("\(error)")
    }
    return findings
  }
}
