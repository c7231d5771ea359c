import ArgumentParser

/// What a command's exit status means; scripts depend on these.
enum ExitStatus {
  static let failed = ExitCode(1)
  static let usage = ExitCode(2)
  static let someUnreachable = ExitCode(3)
}
