import ArgumentParser
import Foundation

/// What a command's exit status means; scripts depend on these.
enum ExitStatus {
  static let failed = ExitCode(1)
  static let usage = ExitCode(2)
  static let someUnreachable = ExitCode(3)
}

/// What was asked for does not make sense; ends the command with status 2.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Lines for a person, kept apart from data on standard output.
enum Complaint {
  static func print(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}
