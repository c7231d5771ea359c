import Foundation

/// The programs under test, built beside the tests.
enum Programs {
  static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  static let fleet = folder.appending(path: "fleet")
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let fixtures = repository.appending(path: "Tests/Fixtures")
}

/// What a program printed and how it ended.
struct ProgramResult: CustomStringConvertible {
  var status: Int32
  var output: String
  var errors: String

  var description: String { "status \(status)\n--- output\n\(output)\n--- errors\n\(errors)" }

  func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(output.utf8))
  }
}

enum Program {
  /// Runs a program to its end, or kills it at the deadline.
  static func run(
    _ program: URL,
    _ arguments: [String],
    environment: [String: String] = [:],
    deadline: Duration = .seconds(60)
  ) async throws -> ProgramResult {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = Programs.repository
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files instead of pipes: no reader can be left waiting by a grandchild that keeps one open.
    let files = ["out", "err"].map { folder.appending(path: $0) }
    for file in files { try Data().write(to: file) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    let ended = await eventually(within: deadline) { !process.isRunning }
    if ended { process.waitUntilExit() } else { kill(process.processIdentifier, SIGKILL) }
    return ProgramResult(
      status: ended ? process.terminationStatus : -1,
      output: try String(contentsOf: files[0], encoding: .utf8),
      errors: try String(contentsOf: files[1], encoding: .utf8)
    )
  }

  static func fleet(_ arguments: String..., deadline: Duration = .seconds(60)) async throws -> ProgramResult {
    try await run(Programs.fleet, arguments, deadline: deadline)
  }
}

/// Whether `condition` came true before the deadline; looks every 20 ms.
func eventually(within deadline: Duration, _ condition: () async throws -> Bool) async rethrows -> Bool {
  let end = ContinuousClock.now.advanced(by: deadline)
  while ContinuousClock.now < end {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return try await condition()
}

enum OperatingSystem {
  /// Whether the process exists and is no zombie.
  static func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let close = stat.lastIndex(of: ")")
    else { return false }
    return !stat[close...].hasPrefix(") Z")
  }
}
