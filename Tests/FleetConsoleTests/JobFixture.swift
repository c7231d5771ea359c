import FleetCore
import FoundationEssentials
import Terminal

@testable import FleetConsole

/// Jobs as a console reads them, made by the machine that rollouts go by.
enum JobFixture {
  static let version = ModelVersion(name: "tag-reader", number: 2)
  static let old = ModelVersion(name: "tag-reader", number: 1)
  static let start = FleetFixture.start

  static func node(_ store: Int, _ node: String) -> NodeName {
    NodeName(store: "store-" + (store < 10 ? "0" : "") + "\(store)", node: node)
  }

  static func plan(stores: Int, strategy: RolloutStrategy) -> RolloutPlan {
    RolloutPlan(
      id: "push-0012",
      version: version,
      digest: .fixture(2),
      nodes: (1...stores).flatMap { store in ["a", "b"].map { node(store, $0) } },
      strategy: strategy,
      orderedBy: "kim"
    )
  }

  static var careful: RolloutStrategy {
    var strategy = RolloutStrategy(name: "careful")
    strategy.gate = (try? Gate(parsing: "p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before")) ?? .standard
    return strategy
  }

  static func verdict(p99: Double?, joules: Double?) -> GateVerdict {
    GateVerdict(findings: [
      p99.map { p99 in
        GateVerdict.Finding(
          condition: "p99 < 50ms",
          value: p99,
          limit: 0.05,
          outcome: p99 < 0.05 ? .passed : .failed,
          why: GateMeasure.p99.text(p99)
        )
      }
        ?? GateVerdict.Finding(
          condition: "p99 < 50ms",
          value: nil,
          limit: 0.05,
          outcome: .undecided,
          why: "not known: 12 of at least 100 requests"
        ),
      GateVerdict.Finding(condition: "errors < 0.5%", value: 0, limit: 0.005, outcome: .passed, why: "0%"),
      GateVerdict.Finding(
        condition: "j_per_inf < 1.15 * before",
        value: joules,
        limit: joules.map { _ in 0.0138 },
        isEstimate: true,
        outcome: joules == nil ? .undecided : .passed,
        why: joules.map { "~\(GateMeasure.joulesPerInference.text($0)), limit ~13.8mJ" } ?? "not known: no meter"
      ),
    ])
  }

  /// A rollout over `stores` stores that is driven by `body`; each call of the closure is one event, a second after the other.
  static func report(
    stores: Int = 10,
    board: [NodeName: RolloutBoard.Entry] = [:],
    _ body: (_ event: (RolloutEvent) -> Void) -> Void
  ) -> RolloutReport {
    var machine = RolloutMachine(plan(stores: stores, strategy: careful))
    var seconds = start.timeIntervalSince1970 - 600
    body { event in
      seconds += 1
      _ = machine.handle(event, at: seconds)
    }
    return RolloutReport(machine, board: board)
  }

  /// Takes a node all the way to `passed`.
  static func pass(_ name: NodeName, bytes: UInt64 = 48_000_000, _ event: (RolloutEvent) -> Void) {
    event(.transferred(name, sentBytes: bytes, delivery: Delivery(sentBytes: bytes, missingBytes: 48_000_000)))
    event(.activated(name, before: old))
    event(.judged(name, verdict(p99: 0.012, joules: 0.011)))
    event(.confirmed(name))
  }

  /// The first wave is through; in the second one store bakes, one sends, one waits; a store cannot be reached.
  static func running() -> RolloutReport {
    let board: [NodeName: RolloutBoard.Entry] = [
      node(2, "a"): .init(text: "baking", fraction: 0.5, verdict: verdict(p99: 0.0183, joules: nil)),
      node(3, "a"): .init(text: "sending 21.0 MB of 48.0 MB", fraction: 0.44, bytesThere: 21_000_000),
    ]
    return report(stores: 40, board: board) { event in
      event(.attached)
      for store in 1...40 where store != 14 {
        for name in ["a", "b"] {
          event(.reachable(node(store, name), serving: .init(version: old, digest: .fixture(1))))
        }
      }
      for name in ["a", "b"] { event(.unreachable(node(14, name), "connection refused by 10.0.14.1:7500")) }
      pass(node(1, "a"), event)
      pass(node(1, "b"), bytes: 4_100_000, event)
      event(.transferred(node(2, "a"), sentBytes: 48_000_000))
      event(.activated(node(2, "a"), before: old))
    }
  }

  /// No data: the gate of the first node cannot decide.
  static func undecided() -> RolloutReport {
    report(stores: 3) { event in
      event(.attached)
      for store in 1...3 {
        for name in ["a", "b"] {
          event(.reachable(node(store, name), serving: .init(version: old, digest: .fixture(1))))
        }
      }
      event(.transferred(node(1, "a"), sentBytes: 48_000_000))
      event(.activated(node(1, "a"), before: old))
      event(.judged(node(1, "a"), verdict(p99: nil, joules: 0.0112)))
    }
  }

  /// The latency gate of the first node failed, and it was taken back.
  static func failed() -> RolloutReport {
    report(stores: 3) { event in
      event(.attached)
      for store in 1...3 {
        for name in ["a", "b"] {
          event(.reachable(node(store, name), serving: .init(version: old, digest: .fixture(1))))
        }
      }
      event(.transferred(node(1, "a"), sentBytes: 48_000_000))
      event(.activated(node(1, "a"), before: old))
      event(.judged(node(1, "a"), verdict(p99: 0.123, joules: 0.0112)))
      event(.restored(node(1, "a"), serving: old, wasSwitched: true))
    }
  }

  static func job(
    _ number: Int,
    _ state: ListedJob.State,
    reason: String = "",
    age: Double = 600,
    report: RolloutReport? = nil
  ) -> ListedJob {
    ListedJob(
      id: "push-00" + (number < 10 ? "0" : "") + "\(number)",
      title: "push tag-reader@2 to all",
      state: state,
      reason: reason,
      progress: report.map { "\($0.settled) of \($0.nodes) nodes" } ?? "",
      orderedBy: "kim",
      created: start.addingTimeInterval(-age),
      changed: start.addingTimeInterval(-age + 20),
      reported: report == nil ? nil : start.addingTimeInterval(4),
      summary: report.map { ListedJob.Summary($0) }
    )
  }

  /// One of each.
  static func list() -> [ListedJob] {
    let failed = failed()
    return [
      job(12, .running, report: running()),
      job(11, .paused, reason: "waits for data: store-01/a: p99 < 50ms: not known", age: 4_000, report: undecided()),
      job(10, .interrupted, reason: "its process ended without a word", age: 9_000, report: undecided()),
      job(9, .queued, age: 5),
      job(8, .failed, reason: failed.reason, age: 86_400, report: failed),
      job(7, .succeeded, age: 200_000),
      job(6, .cancelled, reason: "cancelled by kim", age: 300_000),
      job(5, .undone, reason: "undone by kim", age: 400_000),
    ]
  }
}

extension FleetFixture {
  /// A past that is long enough for what the line above a job's page says.
  private static func brief() -> FleetFixture {
    let fleet = FleetFixture()
    fleet.run(seconds: 5)
    return fleet
  }

  /// A fleet whose jobs were read, none of them interrupted at the start.
  static func withJobs() -> FleetFixture {
    let fleet = brief()
    fleet.send(.jobs(JobReading(jobs: [])))
    fleet.send(.jobs(JobReading(jobs: JobFixture.list())))
    return fleet
  }

  /// The page of one job.
  static func onJob(_ job: ListedJob, _ report: RolloutReport?, asked: [JobPage.Asked] = []) -> FleetFixture {
    let fleet = brief()
    fleet.send(.jobs(JobReading(jobs: [])))
    let page = JobPage(job: job, report: report, process: "process 4711", asked: asked)
    fleet.send(.jobs(JobReading(jobs: [job])))
    fleet.press(.character("J"), .enter)
    fleet.send(.jobs(JobReading(jobs: [job], page: page)))
    return fleet
  }
}
