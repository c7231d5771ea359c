/// Hours of a day in which something may be done, by the clock on a store's wall: `22:00-05:00`.
package struct TimeWindow: Sendable, Equatable, CustomStringConvertible {
  package static let minutesPerDay = 24 * 60

  /// Minutes after midnight. The window begins with the first and ends before the other; when that is earlier, on the next day.
  package let start: Int
  package let end: Int

  /// Nil unless both are minutes of a day and differ.
  package init?(start: Int, end: Int) {
    guard (0..<Self.minutesPerDay).contains(start), (0..<Self.minutesPerDay).contains(end), start != end else {
      return nil
    }
    self.start = start
    self.end = end
  }

  package init(parsing text: String) throws(CommandError) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let start = Self.minute(parts[0]), let end = Self.minute(parts[1]) else {
      throw CommandError(
        .invalid,
        "'\(text)' are not hours of a day; expected FROM-TO by the store's clock, such as '22:00-05:00'"
      )
    }
    guard let window = TimeWindow(start: start, end: end) else {
      throw CommandError(.invalid, "'\(text)' ends when it begins; leave it out for the whole day")
    }
    self = window
  }

  /// Whether it is open in that minute of a day.
  package func contains(minute: Int) -> Bool {
    start < end ? (start..<end).contains(minute) : minute >= start || minute < end
  }

  package var description: String { "\(Self.text(start))-\(Self.text(end))" }

  private static func text(_ minute: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(minute / 60)):\(two(minute % 60))"
  }

  /// `5:00`, `05:00` and `24:00`, which is midnight.
  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
      parts.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= minutesPerDay
    else { return nil }
    return (hour * 60 + minute) % minutesPerDay
  }
}
