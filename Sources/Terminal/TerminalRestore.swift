internal import Glibc

/// Gives the terminal back when the process crashes: what a signal handler may touch is laid out beforehand, and it calls
/// nothing but write, tcsetattr, sigaction and raise, which POSIX allows there.
enum TerminalRestore {
  private static let crashes = [SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGTRAP, SIGFPE]

  static func saveModes() {
    unsafe restoreModesAreKnown = tcgetattr(STDIN_FILENO, &restoreModes) == 0
  }

  /// `sequence` is what makes the terminal usable again, as terminfo has it.
  static func guardAgainstCrashes(restoring sequence: String) {
    let bytes = Array(("\u{1B}[?2026l" + withoutPadding(sequence)).utf8)
    unsafe restoreBytes?.deallocate()
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
    unsafe memory.initialize(from: bytes, count: bytes.count)
    unsafe restoreBytes = memory
    unsafe restoreCount = bytes.count
    for signal in crashes {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = restoreAfterCrash
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      unsafe sigaction(signal, &action, nil)
    }
  }

  /// The terminal was given back in the ordinary way.
  static func disarm() {
    for signal in crashes {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = SIG_DFL
      unsafe sigaction(signal, &action, nil)
    }
  }

  /// Past ncurses' own buffer, which is empty between two flushes.
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = unsafe Glibc.write(STDOUT_FILENO, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        sent += count
      }
    }
  }

  /// terminfo(5) writes delays as `$<5>`.
  private static func withoutPadding(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "$") {
      result += rest[..<start]
      guard rest[start...].hasPrefix("$<"), let end = rest[start...].firstIndex(of: ">") else {
        result += "$"
        rest = rest[rest.index(after: start)...]
        continue
      }
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }
}

// Written before the handlers are installed, only read after that.
private nonisolated(unsafe) var restoreModes = termios()
private nonisolated(unsafe) var restoreModesAreKnown = false
private nonisolated(unsafe) var restoreBytes: UnsafeMutablePointer<UInt8>?
private nonisolated(unsafe) var restoreCount = 0

private func restoreAfterCrash(_ signal: Int32) {
  if let bytes = unsafe restoreBytes { _ = unsafe Glibc.write(STDOUT_FILENO, bytes, restoreCount) }
  if unsafe restoreModesAreKnown { _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &restoreModes) }
  // SA_RESETHAND put the default action back: the process ends as it would have, core dump and all.
  raise(signal)
}
