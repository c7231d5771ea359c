import FleetCore

/// Free space where the model repository lies.
struct DiskProbe: Probe {
  let name = "disk"
  private let files: SystemFiles
  private let path: String

  init(files: SystemFiles, path: String) {
    self.files = files
    self.path = path
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    findings.take(.diskFreeBytes) { () throws(ProbeError) in .measured(try files.freeBytes(at: path)) }
    return findings
  }
}
