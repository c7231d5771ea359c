import FleetCore

/// The machine's memory from `/proc/meminfo` (proc_meminfo(5)). Used is what is not available to programs.
struct MemoryProbe: Probe {
  let name = "memory"
  private let files: SystemFiles

  init(files: SystemFiles) {
    self.files = files
  }

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    var findings = ProbeFindings()
    findings.take(.memoryTotalBytes) { () throws(ProbeError) in .measured(try Self.bytes("MemTotal", files)) }
    findings.take(.memoryUsedBytes) { () throws(ProbeError) in
      .measured(try Self.bytes("MemTotal", files) - Self.bytes("MemAvailable", files))
    }
    return findings
  }

  /// What programs may still take; nil when the kernel does not say.
  static func availableBytes(_ files: SystemFiles) -> Double? { try? bytes("MemAvailable", files) }

  private static func bytes(_ key: String, _ files: SystemFiles) throws(ProbeError) -> Double {
    let path = "/proc/meminfo"
    for line in try files.text(path).split(separator: "\n") where line.hasPrefix("\(key):") {
      let words = line.split(separator: " ")
      if words.count == 3, words[2] == "kB", let value = Double(words[1]) { return value * 1024 }
    }
    throw .malformed(path: path, "has no \(key)")
  }
}
