import FleetCore
import FleetTestSupport
import Foundation
import Logging
import Testing

@testable import FleetAgent

struct DrainStateTests {
  private let start = AgentClock.Moment(date: Date(timeIntervalSince1970: 1_800_000_000), seconds: 5000)
  private let order = DrainOrder(reason: "new fan", orderedBy: "ops", deadline: .seconds(60))

  @Test func drainedNeedsTwoQuietReportsInARow() {
    var state = DrainState()
    state.order(order, at: start)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start) == .none)
    #expect(state.observe(DrainLoad(inFlight: 1), at: start) == .none)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start) == .none)
    #expect(state.observe(DrainLoad(inFlight: nil), at: start) == .none, "unknown is not zero")
    #expect(state.observe(DrainLoad(inFlight: 0), at: start) == .none)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start) == .save)
    #expect(state.availability == .drained)
  }

  @Test func deadlineCutsOnce() {
    var state = DrainState()
    state.order(order, at: start)
    let late = start.later(60)
    #expect(state.observe(DrainLoad(inFlight: 2), at: start.later(59)) == .none)
    #expect(state.observe(DrainLoad(inFlight: 2), at: late) == .cut)
    #expect(state.observe(DrainLoad(inFlight: nil), at: late) == .none)
    #expect(state.observe(DrainLoad(inFlight: 1), at: late) == .none)
    #expect(state.status?.cutAtDeadline == 0, "they may be handed over")
    state.lost(1)
    #expect(state.status?.cutAtDeadline == 1)
    for _ in 0..<2 { _ = state.observe(DrainLoad(inFlight: 0), at: late.later(1)) }
    #expect(state.availability == .drained)
    #expect(state.observe(DrainLoad(inFlight: 0), at: late.later(100)) == .none)
  }

  /// It is neither empty nor back: it says that it drains, and no deadline comes near it.
  @Test func trialHasNoDeadlineUntilItEnds() {
    var state = DrainState()
    let early = state.takeOnTrial(share: 0.25, at: start)
    #expect(!early, "only a drained node is on trial")
    state.order(order, at: start)
    for _ in 0..<2 { _ = state.observe(DrainLoad(inFlight: 0), at: start.later(1)) }
    #expect(state.availability == .drained)
    let begins = [
      state.takeOnTrial(share: 0.25, at: start.later(2)), state.takeOnTrial(share: 0.25, at: start.later(3)),
    ]
    #expect(begins == [true, false] && state.availability == .draining)
    for second in 3..<200 {
      #expect(state.observe(DrainLoad(inFlight: UInt64(second % 2)), at: start.later(Double(second))) == .none)
    }
    #expect(state.availability == .draining && state.trialShare == 0.25)
    let end = start.later(200)
    let ends = state.takeOnTrial(share: 0, at: end)
    #expect(ends && state.status?.deadline == end.date.addingTimeInterval(60))
    #expect(state.observe(DrainLoad(inFlight: 1), at: end.later(59)) == .none)
    #expect(state.observe(DrainLoad(inFlight: 1), at: end.later(60)) == .cut)
    for _ in 0..<2 { _ = state.observe(DrainLoad(inFlight: 0), at: end.later(61)) }
    #expect(state.availability == .drained)
  }

  @Test func ordersEndATrial() throws {
    var state = DrainState()
    state.order(order, at: start)
    _ = state.takeOnTrial(share: 0.5, at: start)
    state.order(DrainOrder(reason: "smoke", orderedBy: "kim"), at: start.later(1))
    #expect(state.trialShare == 0)
    _ = state.takeOnTrial(share: 0.5, at: start.later(2))
    #expect(try JSONDecoder().decode(DrainState.self, from: JSONEncoder().encode(state)).trialShare == 0)
    let ended = state.undrain()
    #expect(ended && state.trialShare == 0)
  }

  /// Told to cut, the engine has five seconds; then it is ended, once, with what it still has.
  @Test func engineThatDoesNotCutIsRestartedOnce() {
    var state = DrainState()
    state.order(order, at: start)
    let late = start.later(60)
    #expect(state.observe(DrainLoad(inFlight: 3), at: late) == .cut)
    #expect(state.observe(DrainLoad(inFlight: 2), at: late.later(4.9)) == .none)
    #expect(state.observe(DrainLoad(inFlight: 2), at: late.later(5)) == .restart)
    #expect(state.status?.cutAtDeadline == 2)
    #expect(state.observe(DrainLoad(inFlight: 2), at: late.later(11)) == .none)
  }

  /// A computation that does not end keeps the engine busy when its client has long been answered otherwise.
  @Test func nodeIsNotDrainedWhileAnAbandonedComputationRuns() {
    var state = DrainState()
    state.order(order, at: start)
    let late = start.later(60)
    #expect(state.observe(DrainLoad(inFlight: 1, computingSeconds: 70), at: late) == .cut)
    for second in 1...4 {
      let load = DrainLoad(inFlight: 0, computingSeconds: 70 + Double(second))
      #expect(state.observe(load, at: late.later(Double(second))) == .none)
    }
    #expect(state.availability == .draining)
    #expect(state.observe(DrainLoad(inFlight: 0, computingSeconds: 75), at: late.later(5)) == .restart)
    #expect(state.status?.cutAtDeadline == 0)
    // One that began after the cut is somebody else's.
    var other = DrainState()
    other.order(order, at: start)
    _ = other.observe(DrainLoad(inFlight: 1), at: late)
    for _ in 0..<2 { _ = other.observe(DrainLoad(inFlight: 0, computingSeconds: 1), at: late.later(3)) }
    #expect(other.availability == .drained)
  }

  /// Calls that stay open end at the deadline too.
  @Test func drainedNodeCutsAtItsDeadline() {
    var state = DrainState()
    state.order(order, at: start)
    for _ in 0..<2 { _ = state.observe(DrainLoad(inFlight: 0), at: start) }
    #expect(state.availability == .drained)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start.later(59)) == .none)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start.later(60)) == .cut)
    #expect(state.observe(DrainLoad(inFlight: 0), at: start.later(61)) == .none)
    #expect(state.availability == .drained && state.status?.cutAtDeadline == 0)
  }

  @Test func whatIsMeasuredIsNotWrittenDown() throws {
    var state = DrainState()
    state.order(order, at: start)
    let before = try JSONEncoder().encode(state)
    let flight = FlightInfo(id: "1", model: "m", client: "10.0.0.1:2", seconds: 3)
    let target = HandOffTarget(name: NodeName(store: "s", node: "b"), isServing: true)
    state.tell(oldest: flight, clients: [ClientTraffic(address: "10.0.0.1", perSecond: 2)], targets: [target])
    #expect(state.status?.oldest == flight && state.status?.targets == [target])
    #expect(try JSONDecoder().decode(DrainState.self, from: JSONEncoder().encode(state)).status?.oldest == nil)
    // As the agent of the version before has written it.
    #expect(try JSONDecoder().decode(DrainState.self, from: before).availability == .draining)
  }

  @Test func handedOffCountsFromTheOrderOn() {
    var state = DrainState()
    state.order(order, at: start)
    _ = state.observe(DrainLoad(inFlight: 1, handedOff: 100), at: start)
    _ = state.observe(DrainLoad(inFlight: 1, handedOff: 107), at: start)
    #expect(state.status?.handedOff == 7)
  }

  @Test func survivesBeingWrittenDown() throws {
    var state = DrainState()
    state.order(order, at: start)
    _ = state.observe(DrainLoad(inFlight: 1, handedOff: 5), at: start)
    _ = state.observe(DrainLoad(inFlight: 1, handedOff: 9), at: start)
    var read = try JSONDecoder().decode(DrainState.self, from: JSONEncoder().encode(state))
    #expect(read.availability == .draining && read.status == state.status)
    // The next agent's counter starts at nothing.
    _ = read.observe(DrainLoad(inFlight: 1), at: start)
    _ = read.observe(DrainLoad(inFlight: 1, handedOff: 2), at: start)
    #expect(read.status?.handedOff == 6)
  }

  @Test func anyHistoryKeepsThePromises() {
    var random = SeededRandom()
    for _ in 0..<500 {
      var state = DrainState()
      var now = start
      var handedOff: UInt64 = 0
      var lastTwo: [UInt64?] = []
      var (cuts, restarts) = (0, 0)
      for _ in 0..<40 {
        now = now.later(Double.random(in: 0...20, using: &random))
        switch Int.random(in: 0...9, using: &random) {
        case 0:
          (cuts, restarts) = (0, 0)
          state.order(order, at: now)
        case 1:
          if state.undrain() { (cuts, restarts) = (0, 0) }
        default:
          let before = state.availability
          let inFlight: UInt64? = random.chance(0.2) ? nil : UInt64(Int.random(in: 0...2, using: &random))
          handedOff += UInt64(Int.random(in: 0...3, using: &random))
          lastTwo = (lastTwo + [inFlight]).suffix(2)
          let action = state.observe(DrainLoad(inFlight: inFlight, handedOff: handedOff), at: now)
          if action == .cut { cuts += 1 }
          if action == .restart { restarts += 1 }
          #expect(cuts <= 1 && restarts <= cuts, "\(random)")
          if before == .draining, state.availability == .drained { #expect(lastTwo == [0, 0], "\(random)") }
          if state.availability == .drained { #expect(inFlight == 0 || inFlight == nil, "\(random)") }
        }
        #expect((state.status == nil) == (state.availability == .serving), "\(random)")
      }
    }
  }

  @Test func secondOrderIsTakenOver() {
    var state = DrainState()
    state.order(order, at: start)
    state.order(
      DrainOrder(reason: "fire", orderedBy: "chief", deadline: .seconds(5), isForced: true),
      at: start.later(10)
    )
    #expect(state.status?.reason == "fire" && state.status?.orderedBy == "chief" && state.status?.isForced == true)
    #expect(state.status?.since == start.date && state.status?.deadline == start.later(15).date)
    #expect(state.observe(DrainLoad(inFlight: 1), at: start.later(14)) == .none)
    #expect(state.observe(DrainLoad(inFlight: 1), at: start.later(15)) == .cut)
  }

  @Test func drainedNodeThatServesAsTheLastResortDrainsAgain() {
    var state = DrainState()
    state.order(order, at: start)
    for _ in 0..<DrainState.quietReports { _ = state.observe(DrainLoad(inFlight: 0), at: start) }
    #expect(state.availability == .drained)
    #expect(state.observe(DrainLoad(inFlight: nil), at: start) == .none)
    #expect(state.availability == .drained)
    #expect(state.observe(DrainLoad(inFlight: 1), at: start.later(100)) == .save)
    #expect(state.availability == .draining)
    #expect(state.observe(DrainLoad(inFlight: 1), at: start.later(101)) == .none, "they came after the deadline")
    for _ in 0..<DrainState.quietReports { _ = state.observe(DrainLoad(inFlight: 0), at: start.later(102)) }
    #expect(state.availability == .drained)
  }

  @Test func deadlineDoesNotFollowTheWallClock() throws {
    var state = DrainState()
    state.order(order, at: start)
    var jumped = start.later(1)
    jumped.date = jumped.date.addingTimeInterval(86_400)
    #expect(state.observe(DrainLoad(inFlight: 1), at: jumped) == .none)
    // The next agent has another clock, and only the date.
    var next = try JSONDecoder().decode(DrainState.self, from: JSONEncoder().encode(state))
    let later = AgentClock.Moment(date: start.date.addingTimeInterval(50), seconds: 3)
    #expect(next.observe(DrainLoad(inFlight: 1), at: later) == .none)
    #expect(next.observe(DrainLoad(inFlight: 1), at: later.later(9)) == .none)
    #expect(next.observe(DrainLoad(inFlight: 1), at: later.later(11)) == .cut)
  }

  /// The disk is slow, and the engine falls quiet just then.
  @Test func undrainIsNotOverwrittenByDrained() async throws {
    let folder = try TemporaryFolder()
    let (isSlow, isAtDisk, gate) = (Monitor(false), Monitor(false), Monitor(false))
    var disk = Disk()
    disk.willDo = { step in
      guard case .rename = step, isSlow.change({ $0 }) else { return }
      isAtDisk.change { $0 = true }
      _ = gate.wait(timeout: .seconds(20)) { $0 ? true : nil }
    }
    let keeper = try DrainKeeper(
      node: NodeName(store: "s", node: "n"),
      siblings: Siblings([]),
      stateDirectory: folder.path,
      clock: .system,
      log: .silent,
      disk: disk
    )
    _ = try await keeper.drain(DrainOrder(reason: "r", orderedBy: "o", isForced: true))
    let quiet: @Sendable (UInt64) -> EngineSnapshot = {
      EngineSnapshot(status: EngineStatus(state: .idle), reports: $0)
    }
    _ = await keeper.observe(quiet(1))
    isSlow.change { $0 = true }
    let undrain = Task { try await keeper.undrain() }
    try await eventually("undrain is at the disk") { isAtDisk.change { $0 } }
    let observing = Task { await keeper.observe(quiet(2)) }
    for _ in 0..<100 { _ = await keeper.standingOrders.count }
    gate.change { $0 = true }
    try await undrain.value
    _ = await observing.value
    #expect(await keeper.observe(quiet(3)).availability == .serving)
    let saved = try await StateFile<DrainState>(path: folder.path("drain.json")).load()
    #expect(saved?.availability == .serving)
  }
}

extension AgentClock.Moment {
  fileprivate func later(_ seconds: Double) -> AgentClock.Moment {
    AgentClock.Moment(date: date.addingTimeInterval(seconds), seconds: self.seconds + seconds)
  }
}
