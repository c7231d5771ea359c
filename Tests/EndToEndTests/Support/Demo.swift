import Foundation
import Testing

/// A `fleet demo --headless` with its report: six real agents, their engines and shoppers.
final class Demo {
  struct Report: Decodable {
    struct Node: Decodable {
      var name: String
      var store: String
      var agent_pid: Int32
      var engine_pid: Int32
      var control: String
      var http: String
      var grpc: String
      var metrics: String
      var state: String
    }
    var fleet_file: String
    var authority: String
    var certificate: String
    var key: String
    var nodes: [Node]
  }

  /// What the shoppers counted.
  struct Traffic: Decodable {
    var sent: Int
    var answered: Int
    var lost: Int
    var wrong: Int
    var failovers: Int
    var cut: Int
  }

  let report: Report
  let folder: URL
  private let process: Process
  private let output: URL

  /// Starts a demo of the repository's fleet, or of that in a file of one's own, and waits until it says that all is ready. Its agents have `environment` too.
  init(
    traffic: Double = 60,
    fault: String = "none",
    fleet: URL? = nil,
    environment: [String: String] = [:],
    deadline: Duration = .seconds(90)
  ) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fleet demo \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    output = folder.appendingPathExtension("out")
    try Data().write(to: output)
    process = Process()
    process.executableURL = Programs.fleet
    process.arguments = [
      "demo", "--headless", "--state", folder.path, "--traffic", "\(traffic)", "--fault", fault,
    ]
    if let fleet { process.arguments?.append(contentsOf: ["--fleet", fleet.path]) }
    process.currentDirectoryURL = Programs.repository
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let handle = try FileHandle(forWritingTo: output)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    let output = output
    let process = process
    func lines() -> [String] {
      ((try? String(contentsOf: output, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
    let isReady = await eventually(within: deadline) {
      lines().contains { $0.hasPrefix("{") } || !process.isRunning
    }
    guard isReady, let line = lines().first(where: { $0.hasPrefix("{") }) else {
      process.terminate()
      throw DemoFailure(description: "the demo did not start:\n\(lines().joined(separator: "\n"))")
    }
    report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
  }

  func node(_ name: String) throws -> Report.Node {
    try #require(report.nodes.first { $0.name == name })
  }

  /// Runs `fleet` against this demo's fleet.
  func fleet(_ arguments: String..., deadline: Duration = .seconds(120)) async throws -> ProgramResult {
    try await Program.run(Programs.fleet, arguments + ["--fleet", report.fleet_file], deadline: deadline)
  }

  func status() async throws -> StatusDocument {
    let result = try await fleet("status", "--json")
    do {
      return try result.decoded(StatusDocument.self)
    } catch {
      throw DemoFailure(description: "no status: \(error)\n\(result)")
    }
  }

  func node(_ name: String, in status: StatusDocument) throws -> StatusDocument.Node {
    try #require(status.nodes.first { $0.name == name })
  }

  /// Waits until the node's status satisfies `condition`.
  func expectNode(
    _ name: String,
    within deadline: Duration,
    _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (StatusDocument.Node) -> Bool
  ) async throws {
    var last: StatusDocument.Node?
    let holds = try await eventually(within: deadline) {
      last = try await status().nodes.first { $0.name == name }
      return last.map(condition) ?? false
    }
    #expect(holds, "\(what): \(String(describing: last))", sourceLocation: sourceLocation)
  }

  /// Ends the demo as a user does and gives the shoppers' counts.
  func stop(signal: Int32 = SIGTERM) async throws -> Traffic {
    kill(process.processIdentifier, signal)
    let process = process
    let ended = await eventually(within: .seconds(20)) { !process.isRunning }
    #expect(ended, "the demo ends within 20 s of its signal")
    if !ended { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "the demo ends with status 0")
    for node in report.nodes {
      #expect(!OperatingSystem.isAlive(node.agent_pid), "\(node.name)'s agent is gone")
      #expect(!OperatingSystem.isAlive(node.engine_pid), "\(node.name)'s engine is gone")
    }
    let text = try String(contentsOf: output, encoding: .utf8)
    try? FileManager.default.removeItem(at: folder)
    try? FileManager.default.removeItem(at: output)
    struct Last: Decodable { var traffic: Traffic }
    let line = try #require(text.split(separator: "\n").last, "the demo prints the shoppers' counts at its end")
    return try JSONDecoder().decode(Last.self, from: Data(line.utf8)).traffic
  }

  /// Ends the demo as the kernel would, without a chance to put anything away.
  func kill9() {
    kill(process.processIdentifier, SIGKILL)
  }

  deinit {
    // A test that threw leaves no process behind.
    if process.isRunning { kill(process.processIdentifier, SIGTERM) }
  }
}

struct DemoFailure: Error, CustomStringConvertible {
  var description: String
}
