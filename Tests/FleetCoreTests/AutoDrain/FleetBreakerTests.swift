import FleetTestSupport
import Foundation
import Testing

@testable import FleetCore

struct FleetBreakerTests {
  private let start = Date(timeIntervalSince1970: 1_800_000_000)
  private var breaker = FleetBreaker(nodes: 40, perHour: 0.05)

  /// What the node says `seconds` after the start; nil of `stage` is that it asks.
  private mutating func look(
    _ node: Int,
    _ stage: AutoDrainStatus.Stage?,
    at seconds: Double,
    since: Double? = nil
  ) -> String? {
    // Each box has a clock of its own.
    let date = start.addingTimeInterval(Double(node) * 1000 + seconds)
    let status = AutoDrainStatus(
      mode: .on,
      stage: stage ?? .watching,
      since: since.map { date.addingTimeInterval($0 - seconds) },
      askingSince: stage == nil ? date : nil
    )
    var frame = Frame(
      node: NodeName(store: "s\(node)", node: "a"),
      sequence: 1,
      agentStarted: start,
      time: date,
      engine: EngineStatus(state: .serving)
    )
    frame.autoDrain = status
    return breaker.observe(frame, at: seconds)
  }

  @Test mutating func theShareOfTheFleetGoesAndNoMore() {
    #expect(breaker.limit == 2 && FleetBreaker(nodes: 6, perHour: 0.05).limit == 1)
    #expect(FleetBreaker(nodes: 200, perHour: 0.05).limit == 10)
    for node in 1...40 {
      let objection = look(node, nil, at: 100 + Double(node) / 100)
      #expect((objection == nil) == (node <= 2), "\(node): \(objection ?? "may go")")
    }
    let words = look(3, nil, at: 101)
    #expect(
      words
        == "a console objects: 2 of 40 nodes may drain themselves in an hour, and 0 have, with 2 before this one in line"
    )
    let gone = [look(1, .draining, at: 109), look(2, .draining, at: 109)]
    #expect(gone == [nil, nil])
    let later = look(3, nil, at: 110)
    #expect(later?.contains("and 2 have, with 0 before") == true)
  }

  @Test mutating func whoIsBackCountsForTheHour() {
    for node in 1...2 { _ = look(node, .draining, at: 0) }
    _ = look(1, .watching, at: 200)
    let third = look(3, nil, at: 300)
    #expect(third != nil)
    // It goes again: one fault, not two.
    let again = look(1, nil, at: 400)
    #expect(again == nil)
    _ = look(1, .held, at: 410)
    let beforeTheHour = look(3, nil, at: 3590)
    let afterTheHour = look(3, nil, at: 3700)
    #expect(beforeTheHour != nil && afterTheHour == nil)
  }

  /// A console that comes later knows by what nodes say when they went.
  @Test mutating func whatWentBeforeTheConsoleCameCounts() {
    _ = look(1, .held, at: 0, since: -600)
    _ = look(2, .held, at: 0, since: -4000)
    let objections = [look(3, nil, at: 10), look(4, nil, at: 11), look(4, nil, at: 3001)]
    #expect(objections[0] == nil && objections[1] != nil && objections[2] == nil)
  }

  /// Nobody waits for ever behind a node whose siblings do not let it go.
  @Test mutating func whoStayedAllTheSameIsBehindTheOthers() {
    for node in 1...2 { _ = look(node, nil, at: 0) }
    let third = look(3, nil, at: 1)
    _ = look(1, .draining, at: 8)
    for node in 2...3 { _ = look(node, .refused, at: 8) }
    let again = [look(2, nil, at: 18), look(3, nil, at: 18), look(2, nil, at: 19)]
    #expect(third != nil && again[0] == nil, "it may yet go")
    #expect(again[1] == nil && again[2] != nil)
  }

  @Test mutating func whoIsSilentIsNotWaitedFor() {
    let objections = [look(1, nil, at: 0), look(2, nil, at: 0), look(3, nil, at: 5), look(3, nil, at: 40)]
    #expect(objections.map { $0 == nil } == [true, true, false, true])
  }
}
