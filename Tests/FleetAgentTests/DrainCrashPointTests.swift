import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Synchronization
import Testing

@testable import FleetAgent

/// Kills the agent, or cuts the power, before every single step to the disk of all that changes a drain, and between any two of them. The next
/// agent is in the state before or the one after, never in another, and what was ordered can be ordered again.
struct DrainCrashPointTests {
  private enum Step: Sendable, CaseIterable {
    case drain, stayBusy, passTheDeadline, fallQuiet, getBusy, fallQuietAgain, drainAnew, undrain, drainOnce, cancel
  }

  /// Seconds that have passed.
  private final class Time: Sendable {
    private let seconds = Mutex(0.0)

    var clock: AgentClock {
      let start = Date(timeIntervalSince1970: 1_800_000_000)
      return AgentClock(date: { start.addingTimeInterval(self.now) }, seconds: { self.now })
    }

    private var now: Double { seconds.withLock { $0 } }

    func pass(_ more: Double) { seconds.withLock { $0 += more } }
  }

  /// An agent's keeper of its drain, whose engine is away and is spoken for.
  private final class Agent: Sendable {
    let keeper: DrainKeeper
    let time: Time
    private let reports = Mutex<UInt64>(0)

    init(_ folder: String, _ time: Time, disk: Disk = Disk()) async throws {
      self.time = time
      keeper = try DrainKeeper(
        node: NodeName(store: "s", node: "n"),
        siblings: Siblings([]),
        stateDirectory: folder,
        clock: time.clock,
        log: .silent,
        disk: disk
      )
      let supervisor = EngineSupervisor(spawner: FakeEngines(), log: .silent, now: { 0 }) {
        EngineSupervisor.Briefing()
      }
      await keeper.open(supervisor: supervisor)
    }

    func run(_ step: Step) async throws {
      switch step {
      case .drain, .drainOnce: try await order("new fan")
      case .drainAnew: try await order("fire")
      case .stayBusy: await observe(1, times: 2)
      case .fallQuiet, .fallQuietAgain: await observe(0, times: 2)
      case .getBusy: await observe(1, times: 1)
      case .passTheDeadline:
        await observe(1, times: 1)
        time.pass(61)
        await observe(1, times: 1)
      case .undrain, .cancel: try await keeper.undrain()
      }
    }

    private func order(_ reason: String) async throws {
      let order = DrainOrder(reason: reason, orderedBy: "ops", deadline: .seconds(60), isForced: true)
      _ = try await keeper.drain(order)
    }

    private func observe(_ inFlight: UInt64, times: Int) async {
      for _ in 0..<times {
        let number = reports.withLock { reports in
          reports += 1
          return reports
        }
        let engine = EngineSnapshot(
          status: EngineStatus(state: .idle, pid: 1),
          flights: EngineFlights(count: inFlight),
          reports: number
        )
        _ = await keeper.observe(engine)
      }
    }
  }

  /// What the next agent would know.
  private static func state(in folder: String) async throws -> DrainState {
    try await StateFile(path: "\(folder)/drain.json").load() ?? DrainState()
  }

  private static func copy(_ folder: String, to target: String) throws {
    try? FileManager.default.removeItem(atPath: target)
    try FileManager.default.copyItem(atPath: folder, toPath: target)
  }

  @Test(arguments: [false, true]) func everyCrashPointLeavesTheOldOrTheNew(losesNames: Bool) async throws {
    let folder = try TemporaryFolder()
    var template = folder.path("0")
    try Disk().makeFolder(template)
    var points = 0
    var seen: Set<Availability> = []
    for (index, step) in Step.allCases.enumerated() {
      let before = try await Self.state(in: template)
      let done = folder.path("\(index + 1)")
      try Self.copy(template, to: done)
      try await Agent(done, Time()).run(step)
      let after = try await Self.state(in: done)
      seen.insert(after.availability)
      var cuts = 0
      while true {
        let root = folder.path("cut")
        try Self.copy(template, to: root)
        let power = PowerCut(after: cuts, losesNames: losesNames)
        let place = Comment(rawValue: "\(step), cut before step \(cuts + 1), losing names: \(losesNames)")
        do {
          try await Agent(root, Time(), disk: power.disk).run(step)
        } catch {
          #expect(power.isCut, "\(error)")
        }
        guard power.isCut else { break }
        try power.loseWhatWasNotSynced()
        cuts += 1
        let left = try await Self.state(in: root)
        #expect(left == before || left == after, "\(place): \(left)")
        let next = try await Agent(root, Time())
        #expect(await next.keeper.standingOrders.isEmpty == (left.availability == .serving), place)
        try await next.run(step)
        #expect(try await Self.state(in: root).availability == after.availability, place)
      }
      points += cuts
      template = done
    }
    #expect(seen == Set(Availability.allCases))
    #expect(points >= 2 * 8, "most of the steps write: \(points)")
  }

  /// An agent that is killed between two steps, as `kill -9` does, is followed by one that goes on as it would have.
  @Test func anyAgentGoesOnWhereTheOneBeforeWas() async throws {
    let folder = try TemporaryFolder()
    let time = Time()
    let (whole, killed) = (folder.path("whole"), folder.path("killed"))
    for path in [whole, killed] { try Disk().makeFolder(path) }
    let one = try await Agent(whole, Time())
    for step in Step.allCases {
      try await one.run(step)
      // A new agent for each step.
      try await Agent(killed, time).run(step)
      let (expected, found) = (try await Self.state(in: whole), try await Self.state(in: killed))
      #expect(found.availability == expected.availability, "after \(step)")
      #expect(found.status?.reason == expected.status?.reason, "after \(step)")
      #expect(found.status?.deadline == expected.status?.deadline, "after \(step)")
      #expect(found.status?.since == expected.status?.since, "after \(step)")
    }
  }
}
