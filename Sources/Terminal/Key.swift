/// A key as the user meant it.
package enum Key: Hashable, Sendable {
  case character(Character)
  /// Held with Control; the letter in lower case.
  case control(Character)
  case enter, escape, tab, backTab, backspace, delete, insert
  case up, down, left, right, home, end, pageUp, pageDown
  case function(Int)
}

/// What reaches the event loop from the terminal.
package enum Input: Hashable, Sendable {
  case key(Key)
  /// The terminal has another size now; ask the screen for it.
  case resized
  /// The terminal is gone, or the process was asked to end (SIGTERM, SIGHUP, SIGINT).
  case ended
}
