package import FleetCore
package import Foundation

/// Hours by the clock on a store's wall, as moments: with the days on which that clock is put forward or back.
package struct TransferHours: Sendable, Equatable {
  package let window: TimeWindow
  package let zone: TimeZone

  package init(_ window: TimeWindow, in zone: TimeZone) {
    self.window = window
    self.zone = zone
  }

  /// `name` as the time zone database has it: 'America/Chicago'. Throws `.invalid` with a near name.
  package init(_ window: TimeWindow, zoneNamed name: String) throws(CommandError) {
    let known = TimeZone.knownTimeZoneIdentifiers
    guard known.contains(name) || name == "UTC", let zone = TimeZone(identifier: name) else {
      throw CommandError(
        .invalid,
        "'\(name)' is no time zone; expected one such as 'America/Chicago'\(NearName.hint(for: name, among: known))"
      )
    }
    self.init(window, in: zone)
  }

  package func isOpen(at date: Date) -> Bool {
    let parts = calendar.dateComponents([.hour, .minute], from: date)
    return window.contains(minute: (parts.hour ?? 0) * 60 + (parts.minute ?? 0))
  }

  /// When they are open next: `date` itself if they are.
  package func opening(from date: Date) -> Date { isOpen(at: date) ? date : turn(after: date, toOpen: true) }

  /// When they are closed next: `date` itself if they are.
  package func closing(from date: Date) -> Date { isOpen(at: date) ? turn(after: date, toOpen: false) : date }

  /// They turn at an hour of theirs, or when the clock is put forward or back across one.
  private func turn(after date: Date, toOpen: Bool) -> Date {
    let minute = toOpen ? window.start : window.end
    var date = date
    // An hour that a day does not have is followed by the next day's.
    for _ in 0..<8 {
      let hour = DateComponents(hour: minute / 60, minute: minute % 60)
      let candidates = [
        calendar.nextDate(after: date, matching: hour, matchingPolicy: .nextTime, repeatedTimePolicy: .first),
        calendar.nextDate(after: date, matching: hour, matchingPolicy: .nextTime, repeatedTimePolicy: .last),
        zone.nextDaylightSavingTimeTransition(after: date),
      ]
      guard let next = candidates.compactMap(\.self).filter({ $0 > date }).min() else { break }
      if isOpen(at: next) == toOpen { return next }
      date = next
    }
    return date
  }

  private var calendar: Calendar {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    return calendar
  }
}
