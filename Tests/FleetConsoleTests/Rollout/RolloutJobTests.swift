import FleetCore
import FleetTestSupport
import Foundation
import Synchronization
import Testing

@testable import FleetConsole

/// Whole rollouts over simulated nodes.
@Suite struct RolloutJobTests {
  private static let issues = "p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before and accuracy >= 97%"

  private func setGolden(_ fleet: RolloutFleet, right: Int) async {
    for agent in fleet.agents {
      await agent.twin.setGolden(GoldenResult(right: right, total: 100), for: fleet.model.version)
    }
  }

  @Test func aGoodVersionReachesEveryNodeThroughItsWaves() async throws {
    let fleet = try await RolloutFleet(stores: 4, nodesPerStore: 2)
    await setGolden(fleet, right: 98)
    let strategy = try RolloutFleet.strategy(waves: "1,50%,100%", gate: Self.issues)
    let reports = Mutex<[RolloutReport]>([])
    let last = await fleet.job(strategy).run { report in reports.withLock { $0.append(report) } }
    #expect(last.state == "succeeded" && last.isEnded && last.problem == nil, "\(last.reason)")
    #expect(last.counts == ["passed": 8] && last.fraction == 1 && last.settled == 8)
    for agent in fleet.agents {
      #expect(await agent.active() == 2)
      let confirmed = agent.count { if case .confirm = $0 { true } else { false } }
      #expect(confirmed == 1, "\(agent.name)")
    }
    #expect(last.allNodes.allSatisfy { $0.findings.count == 4 && $0.findings.allSatisfy { $0.outcome == .passed } })
    #expect(last.bytesSent == 8 * fleet.model.manifest.totalBytes)
    for report in reports.withLock({ $0 }) {
      for (earlier, later) in zip(report.waves, report.waves.dropFirst()) where earlier.phase != .done {
        let isQuiet = later.stores.allSatisfy { $0.nodes.allSatisfy { $0.phase == .waiting } }
        #expect(isQuiet, "wave \(later.number) began before wave \(earlier.number) was over")
      }
      for store in report.waves.flatMap(\.stores) {
        #expect(store.nodes.count { $0.phase.isBusy } <= 1, "one node of a store at a time")
      }
    }
  }

  /// As after a console was killed in the middle of a switch: the node is still at what that one ordered.
  @Test func anotherSwitchUnderWayIsWaitedFor() async throws {
    let fleet = try await RolloutFleet(stores: 1, nodesPerStore: 1)
    let refusals = Mutex(2)
    fleet.agents[0].onCommand { command, _ throws(CommandError) in
      guard case .activate = command else { return }
      let isRefused = refusals.withLock { refusals in
        refusals -= 1
        return refusals >= 0
      }
      if isRefused { throw CommandError(.conflict, "tag-reader@1 is being activated; try again when it is done") }
    }
    let report = await fleet.job(try RolloutFleet.strategy(gate: "errors < 50%")).run { _ in }
    #expect(report.state == "succeeded", "\(report.reason)")
    #expect(refusals.withLock { $0 } < 0)
  }

  @Test func eachStoreIsSentOneCopy() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 3, canFetch: true)
    let report = await fleet.job(try RolloutFleet.strategy(gate: "errors < 50%")).run { _ in }
    #expect(report.state == "succeeded", "\(report.reason)")
    let total = fleet.model.manifest.totalBytes
    #expect(report.bytesSent == 2 * total && report.bytesSaved == 4 * total)
    for store in fleet.agents.chunked(3) {
      // Whichever answers first gets it from here.
      let first = store.filter { agent in agent.fetches.withLock { $0.isEmpty } }
      #expect(first.count == 1, "one node of each store gets it from here")
      for agent in store where !agent.fetches.withLock({ $0.isEmpty }) {
        let orders = agent.fetches.withLock { $0 }
        #expect(orders.count == 1 && store.contains { $0 !== agent && $0.siblingAddress == orders.first?.address })
        let row = report.allNodes.first { $0.node == agent.name }
        #expect(row?.delivery?.siblings == orders.map(\.sibling) && row?.bytesSent == 0)
      }
    }
    let text = report.lines.joined(separator: "\n")
    #expect(text.contains("4.0 KB sent, 8.0 KB saved"), "\(text)")
    #expect(text.contains(": nothing of 2.0 KB over the line"), "\(text)")
  }

  /// The version must be stopped in the first store, and taken back there.
  private func expectStopped(_ fleet: RolloutFleet, gate: String, saying words: String) async throws -> RolloutReport {
    let journal = MemoryJournal()
    let strategy = try RolloutFleet.strategy(gate: gate)
    let report = await fleet.job(strategy, journal: journal).run { _ in }
    #expect(report.state == "failed" && report.reason.contains(words), "\(report.state): \(report.reason)")
    for agent in fleet.agents { #expect(await agent.active() == 1, "\(agent.name)") }
    let touched = Set(fleet.agents.filter(\.isTouched).map(\.name.store))
    #expect(touched == ["store-100"], "one store touched")
    let verdict = journal.all.first {
      if case .judged(_, let verdict) = $0.event { verdict.outcome == .failed } else { false }
    }
    let seconds = (journal.all.last?.seconds ?? 0) - (verdict?.seconds ?? 0)
    #expect(verdict != nil && seconds < 5, "rolled back \(seconds) s after the verdict")
    return report
  }

  @Test func aSlowVersionIsStoppedByItsLatency() async throws {
    let fleet = try await RolloutFleet(stores: 3, nodesPerStore: 2, new: Behaviour(microseconds: 120_000))
    let report = try await expectStopped(
      fleet,
      gate: "p99 < 50ms",
      saying: "store-100/a failed its gate: p99 < 50ms: 120ms"
    )
    #expect(report.allNodes[0].phase == .rolledBack && report.allNodes[0].code == .refused)
    #expect(report.allNodes.dropFirst().allSatisfy { $0.phase == .cancelled })
  }

  @Test func aWrongVersionIsStoppedByItsAccuracy() async throws {
    let fleet = try await RolloutFleet(stores: 3, nodesPerStore: 2)
    await setGolden(fleet, right: 61)
    let report = try await expectStopped(fleet, gate: Self.issues, saying: "accuracy >= 97%: 61%")
    #expect(report.allNodes[0].findings.count == 4)
  }

  @Test func aHungryVersionIsStoppedByItsEnergy() async throws {
    let fleet = try await RolloutFleet(stores: 3, nodesPerStore: 2, new: Behaviour(joulesPerRequest: 0.012))
    await setGolden(fleet, right: 98)
    _ = try await expectStopped(fleet, gate: Self.issues, saying: "j_per_inf < 1.15 * before: 12mJ, limit 11.5mJ")
  }

  @Test func noDataIsAPauseAndThenAWayBack() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
    let strategy = try RolloutFleet.strategy(gate: "accuracy >= 97%", undecided: .milliseconds(600))
    let reports = Mutex<[RolloutReport]>([])
    let last = await fleet.job(strategy).run { report in reports.withLock { $0.append(report) } }
    let pause = reports.withLock { $0 }.first { $0.counts["undecided"] == 1 }
    #expect(
      pause?.reason.contains("store-100/a: accuracy >= 97%: not known: tag-reader@2 came without a golden set") == true
    )
    #expect(last.state == "failed" && last.reason.contains("could not decide within 600ms"), "\(last.reason)")
    for agent in fleet.agents { #expect(await agent.active() == 1) }
  }

  @Test func dataThatComeLateDecide() async throws {
    let fleet = try await RolloutFleet(stores: 1, nodesPerStore: 1, new: Behaviour(requestsPerTick: 5))
    let reports = Mutex<[RolloutReport]>([])
    let last = await fleet.job(try RolloutFleet.strategy(gate: "errors < 1%")).run { report in
      reports.withLock { $0.append(report) }
    }
    #expect(last.state == "succeeded", "\(last.reason)")
    #expect(reports.withLock { $0 }.contains { $0.counts["undecided"] == 1 })
  }

  @Test func whatAnEngineCannotLoadIsTypedAndNeverTriedAgain() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
    fleet.agents[0].onCommand { command, _ throws(CommandError) in
      if case .activate = command { throw CommandError(.unusable, "the engine cannot read model.onnx") }
    }
    let report = await fleet.job(try RolloutFleet.strategy(gate: "errors < 1%")).run { _ in }
    #expect(report.state == "failed" && report.allNodes[0].code == .unusable && report.allNodes[0].phase == .failed)
    #expect(report.allNodes[0].text == "the engine cannot read model.onnx; it serves tag-reader@1")
    #expect(fleet.agents[0].count { if case .activate = $0 { true } else { false } } == 1)
    #expect(!fleet.agents[1].isTouched)
  }

  @Test func anotherOperatorsNewerOrderWins() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
    let newer = TestVersion.tiny(3)
    let first = fleet.agents[0]
    first.onCommand { command, agent throws(CommandError) in
      guard case .evaluate = command else { return }
      do { try await newer.push(to: agent.twin) } catch { throw CommandError(.failed, "\(error)") }
      _ = try await agent.twin.execute(.activate(newer.version, digest: newer.digest))
    }
    await setGolden(fleet, right: 99)
    let report = await fleet.job(try RolloutFleet.strategy(gate: "accuracy >= 97%")).run { _ in }
    #expect(report.allNodes[0].phase == .superseded, "\(report.allNodes[0].text)")
    #expect(await first.active() == 3, "it is left alone")
    #expect(await fleet.agents[1].active() == 2)
    #expect(report.state == "succeeded")
  }

  /// Its agent is started again just when an older version is ordered: that nobody has made the newer one active meanwhile is known.
  @Test func aNodeThatIsAwayForAMomentIsNotLeftOut() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
    let newer = TestVersion.tiny(3)
    for agent in fleet.agents {
      try await newer.push(to: agent.twin)
      _ = try await agent.twin.execute(.activate(newer.version, digest: newer.digest))
    }
    fleet.agents[1].misses.withLock { $0 = 2 }
    let last = await fleet.job(try RolloutFleet.strategy(gate: "errors < 1%")).run { _ in }
    #expect(last.counts == ["passed": 2], "\(last.allNodes.map(\.text))")
    for agent in fleet.agents { #expect(await agent.active() == 2, "\(agent.name)") }
  }

  @Test func pauseResumeAndUndoAreHeard() async throws {
    let fleet = try await RolloutFleet(stores: 3, nodesPerStore: 1)
    let (controls, say) = AsyncStream.makeStream(of: RolloutControl.self)
    let stage = Mutex(0)
    let strategy = try RolloutFleet.strategy(waves: "1,2,3", gate: "errors < 1%")
    let report = await fleet.job(strategy, controls: controls).run { report in
      stage.withLock { stage in
        if stage == 0, report.counts["baking"] == 1 {
          stage = 1
          say.yield(RolloutControl(.pause, by: "kim"))
        } else if stage == 1, report.state == "paused", report.counts["passed"] == 1 {
          stage = 2
          say.yield(RolloutControl(.resume, by: "kim"))
        } else if stage == 2, report.counts["passed"] == 2 {
          stage = 3
          say.yield(RolloutControl(.undo, by: "lee"))
        }
      }
    }
    #expect(stage.withLock { $0 } == 3)
    #expect(report.state == "undone" && report.reason == "undone by lee")
    for agent in fleet.agents { #expect(await agent.active() == 1, "\(agent.name)") }
  }

  @Test func aStoppedDriverLeavesTheRolloutToTheNextOne() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 1)
    let journal = MemoryJournal()
    let strategy = try RolloutFleet.strategy(gate: "errors < 1%")
    let (reached, signal) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      await fleet.job(strategy, journal: journal).run { if $0.counts["baking"] == 1 { signal.finish() } }
    }
    for await _ in reached {}
    task.cancel()
    let stopped = await task.value
    #expect(!stopped.isEnded && stopped.problem?.contains("goes on with the next one") == true)
    let report = await fleet.job(strategy, replaying: journal.all).run { _ in }
    #expect(report.state == "succeeded", "\(report.reason)")
  }

  @Test func anEndedRolloutIsUndoneByOneMoreEvent() async throws {
    let fleet = try await RolloutFleet(stores: 2, nodesPerStore: 2)
    let journal = MemoryJournal()
    let strategy = try RolloutFleet.strategy(gate: "none", bake: .zero)
    let done = await fleet.job(strategy, journal: journal).run { _ in }
    #expect(done.state == "succeeded", "\(done.reason)")
    let again = await fleet.job(strategy, replaying: journal.all).run { _ in }
    #expect(again == done, "nothing is left to do")
    let last = journal.all.last?.seconds ?? 0
    let past = journal.all + [(event: .control(RolloutControl(.undo, by: "kim")), seconds: last + 1)]
    let undone = await fleet.job(strategy, replaying: past).run { _ in }
    #expect(undone.state == "undone")
    for agent in fleet.agents { #expect(await agent.active() == 1) }
  }

  @Test func theReportIsJSONForAll() async throws {
    let fleet = try await RolloutFleet(stores: 1, nodesPerStore: 1)
    let report = await fleet.job(try RolloutFleet.strategy(gate: "errors < 1%")).run { _ in }
    let data = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(RolloutReport.self, from: data) == report)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains(#""state":"succeeded""#) && text.contains(#""condition":"errors < 1%""#))
  }
}

extension Array {
  fileprivate func chunked(_ count: Int) -> [[Element]] {
    stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
  }
}
