import FleetCore

/// Whether two versions of a model fit in this machine's memory side by side, which a switch in place needs for a moment.
package struct SwitchMemory: Sendable {
  /// What the runtime needs besides weights, as seen with OpenVINO on small models.
  static let overheadBytes = 16.0 * 1024 * 1024
  /// A version while it is compiled: the file, the runtime's own copy, and the compiled one. An estimate.
  static let copies = 3.0

  private let available: @Sendable () -> Double?

  package init(available: @escaping @Sendable () -> Double?) {
    self.available = available
  }

  /// Of the machine, or of what its control group leaves of it, whichever is less.
  package init(_ files: SystemFiles) {
    available = { [MemoryProbe.availableBytes(files), Self.leftInGroup(files)].compactMap { $0 }.min() }
  }

  /// What lacks, in words; nil when there is enough, or nobody knows.
  func shortage(for version: ModelVersion, bytes: UInt64) -> String? {
    guard let available = available() else { return nil }
    let need = Self.overheadBytes + Self.copies * Double(bytes)
    guard available < need else { return nil }
    let needed = "loading \(version) beside what is served takes about \(Self.megabytes(need)) (an estimate)"
    return "memory is short: \(needed), \(Self.megabytes(available)) are free"
  }

  private static func megabytes(_ bytes: Double) -> String { "\(Int((max(0, bytes) / 1e6).rounded())) MB" }

  /// Control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst): caches that can be given up are no obstacle.
  private static func leftInGroup(_ files: SystemFiles) -> Double? {
    let folder = "/sys/fs/cgroup"
    guard let limit = try? files.number("\(folder)/memory.max"),
      let used = try? files.number("\(folder)/memory.current")
    else { return nil }
    let lines = (try? files.text("\(folder)/memory.stat"))?.split(separator: "\n") ?? []
    let caches = lines.compactMap { line -> Double? in
      let words = line.split(separator: " ")
      return words.count == 2 && words[0] == "inactive_file" ? Double(words[1]) : nil
    }
    return limit - used + (caches.first ?? 0)
  }
}
