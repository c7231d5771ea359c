import Foundation
import Testing

@testable import FleetCore

/// Which frames of the past a watcher gets.
@Suite struct FrameRequestTests {
  private func frames(_ seconds: ClosedRange<Int>, restarts: (Int) -> UInt64 = { _ in 0 }) -> [Frame] {
    seconds.map { second in
      Frame(
        node: NodeName(store: "s", node: "a"),
        sequence: UInt64(second),
        agentStarted: Date(timeIntervalSince1970: 0),
        time: Date(timeIntervalSince1970: Double(second)),
        engine: EngineStatus(state: .serving, restarts: restarts(second))
      )
    }
  }

  private func past(_ interval: Duration, _ history: Int, of kept: [Frame]) -> [UInt64] {
    FrameRequest(interval: interval, history: history).past(of: kept).map(\.sequence)
  }

  @Test func everySecondItIsTheNewestOnes() {
    #expect(past(.seconds(1), 3, of: frames(1...60)) == [58, 59, 60])
    #expect(past(.milliseconds(100), 3, of: frames(1...60)) == [58, 59, 60])
    #expect(past(.seconds(1), 100, of: frames(1...3)) == [1, 2, 3])
  }

  @Test func longerIntervalsReachFurtherBack() {
    #expect(past(.seconds(10), 2, of: frames(1...60)) == [50, 60])
    #expect(past(.seconds(10), 4, of: frames(1...60)) == [30, 40, 50, 60])
    #expect(past(.seconds(10), 1, of: frames(1...60)) == [60])
    #expect(past(.seconds(10), 0, of: frames(1...60)).isEmpty && past(.seconds(10), 2, of: []).isEmpty)
  }

  @Test func whatIsNotThereIsTheNearestThatIs() {
    #expect(past(.seconds(10), 2, of: frames(57...60)) == [57, 60])
    #expect(past(.seconds(10), 500, of: frames(55...60)) == [55, 60])
    #expect(past(.seconds(10), 2, of: frames(1...60).filter { $0.sequence != 50 }) == [49, 60])
    #expect(past(.seconds(10), 2, of: frames(60...60)) == [60])
  }

  @Test func countersThatBeganAnewAreNoPast() {
    #expect(past(.seconds(10), 2, of: frames(1...60) { $0 < 56 ? 0 : 1 }) == [56, 60])
    #expect(past(.seconds(10), 2, of: frames(1...60) { $0 < 60 ? 0 : 1 }) == [60])
  }
}
