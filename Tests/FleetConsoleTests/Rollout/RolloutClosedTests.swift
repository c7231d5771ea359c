import FleetCore
import FleetTestSupport
import FleetTransfer
import Foundation
import Synchronization
import Testing

@testable import FleetConsole

/// Whole rollouts over simulated nodes whose stores are closed for a while.
@Suite struct RolloutClosedTests {
  /// Stores that a test closes and opens, and a clock that it puts forward.
  private final class Shift: Sendable {
    private let state: Mutex<(isClosed: Bool, ahead: Double)>
    private let hours: TransferHours

    init(isClosed: Bool = true) throws {
      state = Mutex((isClosed, 0))
      // Closed now, whatever time it is.
      let hour = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: Date()).hour ?? 0
      let text = "\((hour + 3) % 24):00-\((hour + 4) % 24):00"
      hours = try TransferHours(TimeWindow(parsing: text), zoneNamed: "UTC")
    }

    func close() { state.withLock { $0.isClosed = true } }

    /// Once: a report that comes late must not put the clock forward under a step that has begun.
    func open() { state.withLock { if $0.isClosed { $0 = (false, $0.ahead + 86_400) } } }

    var pace: TransferPace {
      TransferPace(
        TransferLimits(),
        hours: { [self] _ in state.withLock { $0.isClosed } ? hours : nil },
        leavesWhenClosed: true
      )
    }

    var seconds: Double { Date().timeIntervalSince1970 + state.withLock { $0.ahead } }
  }

  @Test(.timeLimit(.minutes(1))) func aRolloutWaitsForTheHoursAndSaysSo() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 2)
    let shift = try Shift()
    let waits = Mutex<[String]>([])
    let job = fleet.job(try RolloutFleet.strategy(gate: "none"), pace: shift.pace, clock: { shift.seconds })
    let report = await job.run { report in
      guard let opens = report.opens else { return }
      let isAhead = opens > Date().timeIntervalSince1970
      waits.withLock { $0.append("\(report.reason) | \(report.allNodes[0].text) | \(isAhead)") }
      shift.open()
    }
    let first = try #require(waits.withLock { $0.first })
    #expect(first.hasPrefix("waits for the hours of 1 store, until 20"), "\(first)")
    #expect(first.contains("| waits for its store's hours, until 20") && first.hasSuffix("true"), "\(first)")
    #expect(report.state == "succeeded" && report.opens == nil, "\(report.reason)")
    for agent in fleet.agents { #expect(await agent.active() == 2) }
  }

  @Test(.timeLimit(.minutes(1))) func hoursThatEndInTheMiddleLeaveWhatCameBefore() async throws {
    let fleet = try await RolloutFleet(stores: 1, nodesPerStore: 1)
    let shift = try Shift(isClosed: false)
    let hasClosed = Mutex(false)
    fleet.agents[0].onCommand { command, _ throws(CommandError) in
      guard case .write = command else { return }
      let isFirst = hasClosed.withLock { has in
        defer { has = true }
        return !has
      }
      if isFirst { shift.close() }
    }
    let journal = MemoryJournal()
    let job = fleet.job(
      try RolloutFleet.strategy(gate: "none"),
      journal: journal,
      pace: shift.pace,
      clock: { shift.seconds }
    )
    let report = await job.run { if $0.opens != nil { shift.open() } }
    #expect(report.state == "succeeded", "\(report.reason)")
    let closings = journal.all.compactMap { entry -> UInt64? in
      if case .closed(_, _, let bytes) = entry.event { bytes } else { nil }
    }
    #expect(closings.count == 1)
    #expect(report.bytesSent == fleet.model.manifest.totalBytes, "not a byte twice, and none uncounted: \(closings)")
  }

  @Test func thePlanNamesTheStoresThatAreClosed() async throws {
    let fleet = try await RolloutFleet(stores: 3, nodesPerStore: 1)
    let hour = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: Date()).hour ?? 0
    let window = try TimeWindow(parsing: "\((hour + 3) % 24):00-\((hour + 4) % 24):00")
    // Where it is three hours later, the window is open.
    let zones = ["UTC", "Asia/Riyadh", "UTC"]
    let names = fleet.agents.map(\.name)
    let definition = FleetDefinition(
      name: "acme",
      stores: zip(names, zones).map { name, zone in
        .init(name: name.store, timezone: zone, nodes: [.init(name: name, address: "h:1")])
      }
    )
    var strategy = try RolloutFleet.strategy(gate: "none")
    strategy.window = window
    strategy.storeLimit = try ByteRate(parsing: "1KB/s")
    let hours = try StoreHours(window, of: names, in: definition)
    let plan = await Preflight(fleet.plan(strategy), model: fleet.model, agents: fleet.directory, hours: hours)
    #expect(plan.closed.map(\.store) == [names[0].store, names[2].store] && plan.window == window.description)
    #expect(plan.closed.allSatisfy { $0.timezone == "UTC" && $0.opens > Date().timeIntervalSince1970 })
    #expect(plan.text.contains("by each store's clock; 2 stores waited for, store-100 (UTC) until 20"), "\(plan.text)")
    let seconds = Double(fleet.model.manifest.totalBytes) / 1024
    #expect(plan.waves.map(\.seconds) == [seconds, seconds], "two stores side by side take as long as one")
    #expect(plan.isClear)

    let error = #expect(throws: CommandError.self) {
      var unknown = definition
      unknown.stores[1].timezone = nil
      _ = try StoreHours(window, of: names, in: unknown)
    }
    #expect(error?.message.contains("gives no 'timezone' of store-101;") == true)
    #expect(throws: Never.self) { try StoreHours(nil, of: names, in: FleetDefinition(name: "acme")) }
  }

  @Test func theLineIsSharedAsTheStrategySays() throws {
    var strategy = RolloutStrategy(storesAtOnce: 2)
    #expect(LineEstimate(strategy).seconds([1000]) == nil && LineEstimate(strategy).rate(stores: 9) == nil)
    strategy.nodeLimit = try ByteRate(parsing: "4KB/s")
    strategy.storeLimit = try ByteRate(parsing: "2KB/s")
    #expect(LineEstimate(strategy).seconds([4096, 2048, 2048, 2048]) == 2.5, "two stores at a time")
    #expect(LineEstimate(strategy).seconds([8192, 0]) == 4, "the longest of them")
    strategy.fleetLimit = try ByteRate(parsing: "2KB/s")
    #expect(LineEstimate(strategy).seconds([4096, 2048, 2048, 2048]) == 5)
    #expect(LineEstimate(strategy).rate(stores: 9) == 1024 && LineEstimate(strategy).rate(stores: 1) == 2048)
  }
}
