import FleetCore
import Glibc

/// Static facts of the box.
struct Machine: Sendable {
  private let files: SystemFiles

  init(files: SystemFiles = SystemFiles()) {
    self.files = files
  }

  /// `Debian GNU/Linux 12 (bookworm)`, from os-release(5).
  var operatingSystem: String {
    let lines = ((try? files.text("/etc/os-release")) ?? "").split(separator: "\n")
    let name = lines.first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst(12)
    return name.map { $0.filter { $0 != "\"" } } ?? "Linux"
  }

  /// The maker's name of the processor, from `/proc/cpuinfo`; boards with Arm cores give the board's.
  var processor: String {
    let lines = ((try? files.text("/proc/cpuinfo")) ?? "").split(separator: "\n")
    for key in ["model name", "Model", "Hardware"] {
      guard let line = lines.first(where: { $0.hasPrefix(key) }), let colon = line.firstIndex(of: ":") else { continue }
      return String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    return "CPU"
  }

  var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "unknown"
    #endif
  }

  var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
