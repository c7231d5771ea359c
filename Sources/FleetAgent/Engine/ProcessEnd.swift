package import FleetWire
import Glibc

/// How a child process ended.
package struct ProcessEnd: Sendable, Equatable, CustomStringConvertible {
  package enum Cause: Sendable, Equatable {
    case exited(status: Int32)
    case killed(signal: Int32)
  }

  package var cause: Cause
  /// The last lines it wrote to its standard error; may be empty.
  package var lastWords: String
  /// What it was at; empty when that is not known.
  package var record: FlightRecord

  package init(cause: Cause, lastWords: String = "", record: FlightRecord = FlightRecord()) {
    self.cause = cause
    self.lastWords = lastWords
    self.record = record
  }

  /// `killed by signal 9 (SIGKILL)`, `exit status 1: out of memory`.
  package var description: String {
    switch cause {
    case .exited(let status): "exit status \(status)" + (lastWords.isEmpty ? "" : ": \(lastWords)")
    case .killed(let signal): "killed by signal \(signal)" + (Self.names[signal].map { " (\($0))" } ?? "")
    }
  }

  private static let names: [Int32: String] = [
    SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT",
    SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1", SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2",
    SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGSYS: "SIGSYS",
  ]
}
