import FleetCore
import Foundation
import Synchronization

/// One `fleetd run` of the demo: started, started again when it dies, ended with the demo.
///
/// Its standard input is a pipe that only the demo holds: however the demo ends, the agent sees the end of it and stops.
final class AgentProcess: Sendable {
  private struct State {
    var process: Process?
    var input: Pipe?
    var isStopping = false
    /// In a row; one that lives for a while begins a new row.
    var starts = 0
    var started = ContinuousClock.now
  }

  let name: NodeName
  private let executable: URL
  private let arguments: [String]
  private let log: URL
  private let state = Mutex(State())

  init(name: NodeName, executable: URL, arguments: [String], log: URL) {
    self.name = name
    self.executable = executable
    self.arguments = arguments
    self.log = log
  }

  func start() throws {
    try state.withLock { state in
      guard !state.isStopping else { return }
      let process = Process()
      process.executableURL = executable
      process.arguments = arguments
      // Where `fleet` keeps its jobs is not where an agent keeps its models: both call it so.
      process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "FLEET_STATE" }
      let input = Pipe()
      process.standardInput = input
      if !FileManager.default.fileExists(atPath: log.path(percentEncoded: false)) { try Data().write(to: log) }
      let output = try FileHandle(forWritingTo: log)
      try output.seekToEnd()
      process.standardOutput = output
      process.standardError = output
      process.terminationHandler = { [weak self] _ in self?.restart() }
      try process.run()
      state.process = process
      state.input = input
      state.starts += 1
      state.started = .now
    }
  }

  /// Asks it to end, and kills it when it has not after `deadline`.
  func stop(deadline: Duration) async {
    let process = state.withLock { state in
      state.isStopping = true
      return state.process
    }
    guard let process, process.isRunning else { return }
    process.terminate()
    let end = ContinuousClock.now.advanced(by: deadline)
    while process.isRunning, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(20))
    }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  private func restart() {
    let starts = state.withLock { state -> Int? in
      if ContinuousClock.now - state.started > .seconds(10) { state.starts = 1 }
      return state.isStopping ? nil : state.starts
    }
    guard let starts else { return }
    // A crash loop must not take the machine with it; the first restarts come quickly, as systemd would do it.
    let delay = starts < 4 ? 0.1 : min(Double(starts), 10)
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [weak self] in
      do {
        try self?.start()
      } catch {
        if let self { Complaint.print("\(name): its agent cannot be started again: \(error)") }
        self?.restart()
      }
    }
  }
}
