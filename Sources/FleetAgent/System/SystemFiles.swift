import Glibc

/// The only way in which probes look at a machine: text files under a root, which tests point at a fixture tree.
package struct SystemFiles: Sendable {
  package static let usualSysfs = "/sys"

  private let root: String
  private let sysfs: String

  /// `root` is empty for the machine itself. What probes ask for under `/sys` is read under `sysfs`, as a container may see it elsewhere.
  package init(root: String = "", sysfs: String = Self.usualSysfs) {
    self.root = root
    self.sysfs = sysfs
  }

  private func place(_ path: String) -> String {
    guard sysfs != Self.usualSysfs, path.hasPrefix("\(Self.usualSysfs)/") else { return root + path }
    return sysfs + path.dropFirst(Self.usualSysfs.count)
  }

  /// The contents without white space at either end. Throws a `ProbeError` that names the path.
  package func text(_ path: String) throws(ProbeError) -> String {
    let number = unsafe open(place(path), O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .unreadable(path: path, code: errno) }
    let file = Descriptor(owning: number)
    var bytes: [UInt8] = []
    do {
      // Files of /proc and /sys tell no size: read to the end, within reason.
      while bytes.count < 1 << 20 {
        let more = try file.read(upTo: 4096)
        if more.isEmpty { break }
        bytes += more
      }
    } catch {
      throw .unreadable(path: path, code: (error as? SystemError)?.code ?? EIO)
    }
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) || $0 == 0 }
    let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    return String(decoding: Array(trimmed), as: UTF8.self)
  }

  package func number(_ path: String) throws(ProbeError) -> Double {
    let text = try text(path)
    guard let value = Double(text), value.isFinite else {
      throw .malformed(path: path, "expected a number, found '\(text.prefix(40))'")
    }
    return value
  }

  /// Names in a folder, sorted; empty when there is no such folder.
  package func names(in path: String) -> [String] {
    guard let folder = unsafe opendir(place(path)) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Free bytes for us on the file system that holds `path`.
  package func freeBytes(at path: String) throws(ProbeError) -> Double {
    var status = statvfs()
    guard unsafe statvfs(place(path), &status) == 0 else { throw .unreadable(path: path, code: errno) }
    return Double(status.f_bavail) * Double(status.f_frsize)
  }
}

/// Why a probe could not read something.
package enum ProbeError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, code: Int32)
  case malformed(path: String, String)

  package var description: String {
    switch self {
    case .unreadable(let path, let code): "cannot read \(path): \(unsafe String(cString: strerror(code)))"
    case .malformed(let path, let problem): "\(path): \(problem)"
    }
  }
}
