import ArgumentParser
import FleetCore
import Glibc
import Logging

/// Everything that `fleetd` says goes to the standard error, one line each.
enum DaemonLog {
  static func start(level: String, node: NodeName) -> Logger {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    var log = Logger(label: "\(node)")
    log.logLevel = Logger.Level(rawValue: level) ?? .info
    return log
  }

  /// For libraries that tell of every step.
  static var quiet: Logger {
    var log = Logger(label: "services")
    log.logLevel = .error
    return log
  }
}

/// Runs `body`; an error is told in its own words, one problem a line, and ends the process with `status`.
func orExit<Result>(status: Int32, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch {
    throw told(error, status)
  }
}

/// The same for what takes a while.
func orExit<Result>(status: Int32, _ body: () async throws -> Result) async throws -> Result {
  do {
    return try await body()
  } catch {
    throw told(error, status)
  }
}

private func told(_ error: any Error, _ status: Int32) -> ExitCode {
  tell("\(error)")
  return ExitCode(status)
}

/// For whoever looks at the end of an engine's words, or at a terminal.
func tell(_ message: String) {
  let lines = message.split(separator: "\n").map { "fleetd: \($0)\n" }
  var text = Array(lines.joined().utf8)
  // The C library's `stderr` is a global variable that Swift cannot vouch for; its descriptor will do.
  _ = unsafe write(STDERR_FILENO, &text, text.count)
}
