import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetJournal

/// A fleet of one store that nobody dials, and the real `fleet` for it: built beside the tests, with jobs in a folder of its own.
final class TestFleet: Sendable {
  struct Result: CustomStringConvertible {
    var status: Int32
    var output: String
    var errors: String

    var description: String { "status \(status)\n--- output\n\(output)\n--- errors\n\(errors)" }
  }

  static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appending(path: "fleet")

  let folder: TemporaryFolder
  let file: String
  let store: JobStore

  init() throws {
    folder = try TemporaryFolder()
    file = folder.path("fleet.yaml")
    let text = """
      version: 1
      fleet: acme
      stores:
        - name: austin-01
          nodes: [{name: a, address: "127.0.0.1:9"}, {name: b, address: "127.0.0.1:10"}]
      """
    try Data(text.utf8).write(to: URL(filePath: file))
    store = try JobStore.open(folder: folder.path("state"))
  }

  deinit {
    // A test that threw leaves no process behind.
    let jobs = (try? store.jobs(of: JobFleet(name: "acme", file: file))) ?? []
    for job in jobs { if let owner = store.owner(of: job.id) { kill(owner.pid, SIGKILL) } }
  }

  /// Runs `fleet` to its end.
  func fleet(_ arguments: String..., deadline: Duration = .seconds(60)) async throws -> Result {
    let process = try start(arguments, output: "out", errors: "err")
    try await eventually("'fleet \(arguments.joined(separator: " "))' ends", within: deadline) { !process.isRunning }
    return Result(status: process.terminationStatus, output: try text("out"), errors: try text("err"))
  }

  /// Orders a job that counts, whose process has begun when this returns.
  func rehearse(_ arguments: String...) async throws -> JobID {
    let process = try start(["job", "rehearse"] + arguments, output: "out", errors: "err")
    try await soon("the job is ordered") { !process.isRunning }
    guard let id = JobID(try text("out").trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw TestFailure(description: "no job: \(try text("out")) \(try text("err"))")
    }
    return id
  }

  /// A process that drives the job, as ours to kill.
  func drive(_ id: JobID, output: String) throws -> Process {
    try start(["job", "run", id.description, "--state", store.folder], output: output, errors: "\(output).err")
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

  /// How far it has counted.
  func steps(_ id: JobID) throws -> Int { try store.events(of: id).count }

  func owner(_ id: JobID) async throws -> Int32 {
    var pid: Int32?
    try await soon("\(id) is driven") {
      pid = store.owner(of: id)?.pid
      return pid != nil
    }
    return try #require(pid)
  }

  private func start(_ arguments: [String], output: String, errors: String) throws -> Process {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments + ["--fleet", file]
    process.environment = ProcessInfo.processInfo.environment.merging(["FLEET_STATE": store.folder]) { $1 }
    process.standardInput = FileHandle.nullDevice
    for name in [output, errors] { try Data().write(to: URL(filePath: folder.path(name))) }
    process.standardOutput = FileHandle(forWritingAtPath: folder.path(output))
    process.standardError = FileHandle(forWritingAtPath: folder.path(errors))
    try process.run()
    return process
  }
}
