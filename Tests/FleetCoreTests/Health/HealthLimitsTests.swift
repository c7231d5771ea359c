import Testing

@testable import FleetCore

struct HealthLimitsTests {
  @Test func whatIsWrittenIsReadBack() throws {
    var limits = HealthLimits()
    #expect(limits.text == "")
    limits.off = [.energy, .probe]
    limits.timesSiblings = 4.5
    limits.diskFreeBytes = 2 << 30
    limits.clockSeconds = 30
    limits.certificateSeconds = 7 * 86_400
    limits.minimumRequests = 100
    #expect(
      limits.text
        == "latency_of_siblings=4.5x energy=off disk=2GB clock=30s certificate=168h probe=off minimum_requests=100"
    )
    #expect(try HealthLimits(parsing: limits.text) == limits)
    #expect(try HealthLimits(parsing: "energy=on") == HealthLimits())
  }

  @Test func everythingThatIsWrongIsTold() {
    let text = "latency=50ms temprature=off disk=much clock latency_of_before=1x minimum_requests=2 engine=3"
    let error = #expect(throws: CommandError.self) { _ = try HealthLimits(parsing: text) }
    #expect(
      error?.message.split(separator: "\n") == [
        "--health: latency: expected 'on' or 'off'; its limit is that of 'slo', found '50ms'",
        "--health: unknown key 'temprature'; did you mean 'temperature'?",
        "--health: disk: expected a size from '1MB', such as '1GB', 'on' or 'off', found 'much'",
        "--health: expected key=value, found 'clock'",
        "--health: latency_of_before: expected a multiple from '1.2x' to '100x', 'on' or 'off', found '1x'",
        "--health: minimum_requests: expected a number of requests from 5 to 100000, found '2'",
        "--health: engine: expected 'on' or 'off', found '3'",
      ]
    )
  }
}
