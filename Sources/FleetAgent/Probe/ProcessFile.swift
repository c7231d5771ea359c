import Glibc

/// A process's CPU time and memory from `/proc/PID/stat` (proc_pid_stat(5)).
struct ProcessFile: Equatable {
  let cpuSeconds: Double
  let residentBytes: Double

  init(pid: Int32, files: SystemFiles, unit: Unit) throws(ProbeError) {
    let path = "/proc/\(pid)/stat"
    let text = try files.text(path)
    // The command's name is in parentheses and may hold anything, parentheses too.
    guard let end = text.lastIndex(of: ")") else { throw .malformed(path: path, "has no command name") }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // Fields 14, 15 and 24 of the whole line; this starts with the third.
    guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
      let pages = Double(fields[21])
    else { throw .malformed(path: path, "has too few fields") }
    cpuSeconds = (user + system) / unit.ticksPerSecond
    residentBytes = pages * unit.pageBytes
  }

  /// What the kernel counts in.
  struct Unit: Sendable {
    var ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
    var pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
