import FleetCore
import FleetTestSupport
import Testing

struct QuantityTests {
  @Test(arguments: [
    ("500us", Duration.microseconds(500)), ("50ms", .milliseconds(50)), ("1.5s", .milliseconds(1500)),
    ("10s", .seconds(10)), ("2m", .seconds(120)), ("2min", .seconds(120)), ("1h", .seconds(3600)),
    ("1d", .seconds(86400)), ("365d", .seconds(31_536_000)), ("0ms", .zero), (".5s", .milliseconds(500)),
  ])
  func readsDurations(_ text: String, _ expected: Duration) {
    #expect(Quantity.duration(text) == expected)
  }

  @Test(arguments: [
    "", "50", "ms", ".ms", "-5ms", "+5ms", " 5ms", "5 ms", "5ms ", "1.2.3s", "1e3s", "0x5s", "5S", "5sec", "soon",
    "nans", "infs", "٥s", "366d", "9999999999999999999999d", String(repeating: "9", count: 400) + "s",
  ])
  func refusesDurations(_ text: String) {
    #expect(Quantity.duration(text) == nil)
  }

  @Test func readsSizes() {
    #expect(Quantity.bytes("64MB") == 64 << 20)
    #expect(Quantity.bytes("1.5KB") == 1536)
    #expect(Quantity.bytes("7B") == 7)
    for text in ["", "64", "MB", "-1MB", "64mb", "64 MB", "99999999GB", "1e3KB"] {
      #expect(Quantity.bytes(text) == nil)
    }
    for bytes in [0, 1, 1023, 1024, 1536, 32 << 10, 64 << 20, 3 << 30, (1 << 30) + 1] {
      #expect(Quantity.bytes(Quantity.text(bytes: bytes)) == bytes)
    }
    #expect(Quantity.text(bytes: 64 << 20) == "64MB")
  }

  @Test func readsOtherUnits() {
    #expect(Quantity.fraction("1%") == 0.01)
    #expect(Quantity.fraction("100%") == 1)
    #expect(Quantity.fraction("0%") == 0)
    #expect(Quantity.celsius("85C") == 85)
    #expect(Quantity.celsius("85.5°C") == 85.5)
    #expect(Quantity.watts("15W") == 15)
  }

  @Test(arguments: ["", "1", "101%", "-1%", "1 %", "1percent", "%", "1%%", "0.01"])
  func refusesFractions(_ text: String) {
    #expect(Quantity.fraction(text) == nil)
  }

  @Test(arguments: ["", "85", "85F", "201C", "-5C", "85c", "C"])
  func refusesTemperatures(_ text: String) {
    #expect(Quantity.celsius(text) == nil)
  }

  @Test(arguments: ["", "15", "15w", "10001W", "-1W", "15kW"])
  func refusesWatts(_ text: String) {
    #expect(Quantity.watts(text) == nil)
  }

  @Test(arguments: [
    (Duration.zero, "0us"), (.microseconds(999), "999us"), (.microseconds(1500), "1.5ms"), (.milliseconds(50), "50ms"),
    (.seconds(1), "1s"), (.milliseconds(1500), "1.5s"), (.seconds(60), "1m"), (.seconds(90), "90s"),
    (.seconds(3600), "1h"), (.seconds(7200), "2h"), (.seconds(5400), "90m"),
  ])
  func writesTheShortestText(_ duration: Duration, _ expected: String) {
    #expect(Quantity.text(duration) == expected)
  }

  @Test func everyDurationUpToAYearReadsBack() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      let bits = Int.random(in: 1...44, using: &random)
      let duration = Duration.microseconds(min(Int64.random(in: 0..<(1 << bits), using: &random), 31_536_000_000_000))
      let text = Quantity.text(duration)
      #expect(Quantity.duration(text) == duration, "\(text), seed \(random.seed)")
    }
  }

  @Test func durationsCount() {
    let duration = Duration.milliseconds(1500)
    #expect(duration.seconds == 1.5)
    #expect(duration.milliseconds == 1500)
    #expect(duration.microseconds == 1_500_000)
  }
}
