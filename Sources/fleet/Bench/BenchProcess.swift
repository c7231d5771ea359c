import Foundation

/// CPU time that processes of this machine have used.
enum BenchProcess {
  private static let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))

  /// Seconds in user and kernel mode; nil when there is no such process.
  static func cpuSeconds(of pid: Int32) -> Double? {
    (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)).flatMap { cpuSeconds(inStat: $0) }
  }

  /// Fields 14 and 15 of `/proc/PID/stat` (proc_pid_stat(5)). The command's name, in parentheses, may hold anything.
  static func cpuSeconds(inStat text: String, ticksPerSecond: Double = ticksPerSecond) -> Double? {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
    return (user + system) / ticksPerSecond
  }

  /// Of this process.
  static func ownSeconds() -> Double {
    var usage = rusage()
    guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// Whether process `pid` of this machine is the engine of `node`: a node's own process number means nothing elsewhere.
  static func isEngine(_ pid: Int32, of node: String) -> Bool {
    guard let line = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")) else { return false }
    let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return words.contains("engine") && words.contains(node)
  }
}
