import FleetCore
import Testing

struct ReadingTests {
  private let readings: [Reading] = [.measured(2), .estimated(3), .absent("no sensor")]

  @Test func unknownIsNotZero() {
    #expect(readings.map(\.value) == [2, 3, nil])
    #expect(readings.map(\.isEstimate) == [false, true, false])
    #expect(readings.map(\.absence) == [nil, nil, "no sensor"])
  }

  @Test func mappingKeepsWhatKindItIs() {
    #expect(readings.map { $0.map { $0 * 10 } } == [.measured(20), .estimated(30), .absent("no sensor")])
  }

  @Test func combiningIsAnEstimateWhenOneIsAndAbsentWhenOneIs() {
    let expected: [[Reading]] = [
      [.measured(4), .estimated(5), .absent("no sensor")],
      [.estimated(5), .estimated(6), .absent("no sensor")],
      [.absent("no sensor"), .absent("no sensor"), .absent("no sensor")],
    ]
    #expect(readings.map { left in readings.map { left.combined(with: $0, +) } } == expected)
    #expect(Reading.absent("first").combined(with: .absent("second"), +) == .absent("first"))
  }
}
