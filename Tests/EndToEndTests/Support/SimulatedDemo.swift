import Foundation
import Testing

/// A `fleet demo --headless --simulate N` with its report.
final class SimulatedDemo {
  struct Report: Decodable {
    struct Node: Decodable {
      var name: String
      var store: String
      var control: String
      var simulated: Bool
      var fault: String?
      var away: Bool
      var spells: Bool
      var vanishes: Bool
    }
    var simulated: Bool
    var seed: UInt64
    var fleet_file: String
    var nodes: [Node]
  }

  let report: Report
  private let folder: URL
  private let process = Process()

  /// Starts it and waits until it says that all is ready.
  init(_ nodes: Int, _ flags: String..., deadline: Duration = .seconds(90)) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fleet simulation \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let output = folder.appendingPathExtension("out")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    process.executableURL = Programs.fleet
    process.arguments = ["demo", "--headless", "--state", folder.path, "--simulate", "\(nodes)"] + flags
    process.currentDirectoryURL = Programs.repository
    let handle = try FileHandle(forWritingTo: output)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    let process = process
    func lines() -> [String] {
      ((try? String(contentsOf: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
    _ = await eventually(within: deadline) { lines().contains { $0.hasPrefix("{") } || !process.isRunning }
    guard let line = lines().first(where: { $0.hasPrefix("{") }) else {
      process.terminate()
      throw DemoFailure(description: "the simulation did not start:\n\(lines().joined(separator: "\n"))")
    }
    report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
  }

  /// Runs `fleet` against this fleet.
  func fleet(_ arguments: String..., deadline: Duration = .seconds(120)) async throws -> ProgramResult {
    try await Program.run(Programs.fleet, arguments + ["--fleet", report.fleet_file], deadline: deadline)
  }

  func nodes() async throws -> [StatusDocument.Node] {
    let result = try await fleet("status", "--json")
    do {
      return try result.decoded(StatusDocument.self).nodes
    } catch {
      throw DemoFailure(description: "no status: \(error)\n\(result)")
    }
  }

  /// Ends it as a user does.
  func stop() async throws {
    kill(process.processIdentifier, SIGTERM)
    let process = process
    let ended = await eventually(within: .seconds(15)) { !process.isRunning }
    #expect(ended, "the simulation ends within 15 s of its signal")
    if !ended { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "it ends with status 0")
    #expect(!OperatingSystem.isAlive(process.processIdentifier))
    try? FileManager.default.removeItem(at: folder)
  }

  deinit {
    // A test that threw leaves no process behind.
    if process.isRunning { kill(process.processIdentifier, SIGTERM) }
  }
}
