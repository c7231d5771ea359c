import FleetCore
import FleetTransfer
import Foundation
import Testing

@testable import FleetConsole

@Suite struct TransferHoursTests {
  private static func hours(_ text: String, _ zone: String = "America/Chicago") throws -> TransferHours {
    try TransferHours(TimeWindow(parsing: text), zoneNamed: zone)
  }

  private static func date(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

  @Test func nightHoursOpenAndCloseByTheStoresClock() throws {
    let night = try Self.hours("22:00-05:00")
    // 16:30 in Chicago, in summer.
    let afternoon = try Self.date("2026-07-01T21:30:00Z")
    #expect(!night.isOpen(at: afternoon))
    #expect(try night.opening(from: afternoon) == Self.date("2026-07-02T03:00:00Z"))
    let open = try Self.date("2026-07-02T03:00:00Z")
    #expect(night.isOpen(at: open) && night.opening(from: open) == open)
    #expect(try night.closing(from: open) == Self.date("2026-07-02T10:00:00Z"))
    #expect(try !night.isOpen(at: Self.date("2026-07-02T10:00:00Z")))
    #expect(night.closing(from: afternoon) == afternoon)
  }

  @Test func theSameHoursAreOtherMomentsInAnotherZone() throws {
    let noon = try Self.date("2026-07-01T12:00:00Z")
    #expect(try Self.hours("22:00-05:00", "Asia/Tokyo").opening(from: noon) == Self.date("2026-07-01T13:00:00Z"))
    #expect(try Self.hours("22:00-05:00", "UTC").opening(from: noon) == Self.date("2026-07-01T22:00:00Z"))
  }

  /// On 8 March 2026 clocks in Chicago go from 2:00 to 3:00: 8:00 UTC.
  @Test func anHourThatADayLacks() throws {
    let saturday = try Self.date("2026-03-08T06:00:00Z")
    #expect(try Self.hours("02:30-04:00").opening(from: saturday) == Self.date("2026-03-08T08:00:00Z"))
    // Wholly within what is left out: the next day.
    #expect(try Self.hours("02:10-02:50").opening(from: saturday) == Self.date("2026-03-09T07:10:00Z"))
    // Ends with the clock's leap.
    let open = try Self.date("2026-03-08T07:30:00Z")
    #expect(try Self.hours("01:00-02:30").closing(from: open) == Self.date("2026-03-08T08:00:00Z"))
  }

  /// On 1 November 2026 clocks in Chicago go from 2:00 back to 1:00: 7:00 UTC.
  @Test func anHourThatADayHasTwice() throws {
    let hours = try Self.hours("01:00-01:30")
    let between = try Self.date("2026-11-01T06:40:00Z")
    #expect(!hours.isOpen(at: between))
    #expect(try hours.opening(from: between) == Self.date("2026-11-01T07:00:00Z"))
    #expect(try hours.closing(from: Self.date("2026-11-01T07:10:00Z")) == Self.date("2026-11-01T07:30:00Z"))
    #expect(try hours.closing(from: Self.date("2026-11-01T06:10:00Z")) == Self.date("2026-11-01T06:30:00Z"))
  }

  @Test func everyMinuteOfAYearAgreesWithTheClock() throws {
    let hours = try Self.hours("22:00-05:00")
    var date = try Self.date("2026-01-01T00:17:00Z")
    for _ in 0..<1500 {
      let opening = hours.opening(from: date)
      #expect(hours.isOpen(at: opening) && opening >= date && opening <= date + 86_400)
      if opening > date { #expect(!hours.isOpen(at: opening - 1), "\(date)") }
      let closing = hours.closing(from: opening)
      #expect(!hours.isOpen(at: closing) && hours.isOpen(at: closing - 1), "\(date)")
      date += 6 * 3600 + 61
    }
  }

  @Test func unknownZonesHaveNearNames() throws {
    let error = #expect(throws: CommandError.self) { try Self.hours("22:00-05:00", "America/Chigago") }
    #expect(
      error?.message
        == "'America/Chigago' is no time zone; expected one such as 'America/Chicago'; did you mean 'America/Chicago'?"
    )
  }
}
