import FleetCore
import Foundation
import Terminal
import Testing

@testable import FleetConsole

/// Whole screens as text files in `Golden/`. `RECORD_SNAPSHOTS=1` writes them anew, and fails, so that nobody records by accident.
@Suite struct GoldenScreenTests {
  private static let scenes: [(String, @Sendable () -> FleetFixture)] = [
    ("fleet-healthy", { .healthy() }),
    ("fleet-degraded", { .degraded().selecting("denver-02/b") }),
    ("fleet-unreachable", { .unreachable().selecting("reno-03/a") }),
    ("fleet-drained", { .drained() }),
    ("fleet-connecting", { FleetFixture() }),
    ("fleet-store-selected", { pressed(.healthy(), .up) }),
    ("filter-typed", { typed(pressed(.healthy(), .character("/")), "region=west and not denver-*") }),
    ("filter-wrong", { typed(pressed(.healthy(), .character("/")), "region= ") }),
    ("node", { pressed(.degraded().selecting("denver-02/b"), .enter) }),
    ("node-drained", { pressed(.drained().selecting("denver-02/b"), .enter) }),
    ("push-dialog", { pressed(.healthy(), .character("p"), .up, .up, .up) }),
    ("push-troubles", { troubled() }),
    ("progress", { rollingBack() }),
    ("progress-failed", { rollbackFailed() }),
    ("jobs", { pressed(.withJobs(), .character("J"), .down) }),
    ("jobs-none", { noJobs() }),
    ("job-running", { running() }),
    ("job-undecided", { undecided() }),
    ("job-failed", { failed() }),
    ("job-cancel", { pressed(running(), .character("x")) }),
    ("job-offer", { offered() }),
    ("drain-dialog", { pressed(.degraded().selecting("denver-02/b"), .character("d")) }),
    ("drain-last", { lastServing() }),
    ("drain-plan", { pressed(.measured().selecting("denver-02/b"), .character("d")) }),
    ("drain-panel", { pressed(.draining().selecting("denver-02/b"), .enter) }),
    ("node-evidence", { pressed(.explained().selecting("denver-02/b"), .enter) }),
    ("why", { pressed(.explained().selecting("denver-02/b"), .character("w")) }),
    ("why-healthy", { pressed(.explained().selecting("denver-02/a"), .character("w")) }),
    ("alerts", { pressed(.withAlerts(), .character("A")) }),
    ("alerts-resolved", { pressed(.withAlerts(), .character("A"), .end, .up) }),
    ("alerts-none", { noAlerts() }),
    ("undrain-dialog", { pressed(.drained().selecting("denver-02/b"), .character("u")) }),
    ("rollback-dialog", { pressed(.healthy(), .character("b")) }),
    ("help", { pressed(.healthy(), .character("?")) }),
    ("events", { pressed(.degraded(), .character("e")) }),
  ]

  @Test(
    arguments: scenes.map(\.0),
    [
      Size(width: 80, height: 24), Size(width: 160, height: 50),
    ]
  )
  func screen(_ name: String, _ size: Size) throws {
    let scene = try #require(Self.scenes.first { $0.0 == name })
    try compare(scene.1().screen(size.width, size.height).text, "\(name)-\(size.width)x\(size.height)")
  }

  /// Between the two.
  @Test(arguments: ["push-troubles", "jobs", "job-running", "job-undecided", "job-offer"])
  func middleScreen(_ name: String) throws {
    let scene = try #require(Self.scenes.first { $0.0 == name })
    try compare(scene.1().screen(110, 34).text, "\(name)-110x34")
  }

  @Test(arguments: [Size(width: 40, height: 10), Size(width: 20, height: 3)])
  func smallScreen(_ size: Size) throws {
    try compare(FleetFixture.degraded().screen(size.width, size.height).text, "small-\(size.width)x\(size.height)")
  }

  @Test func statusTable() throws {
    try compare(StatusTable.render(FleetFixture.degraded().state), "status-degraded")
  }

  private func compare(_ text: String, _ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    let file = folder.appendingPathComponent(name + ".txt")
    let text = text.hasSuffix("\n") ? text : text + "\n"
    if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("recorded \(name); look at it, and run again without RECORD_SNAPSHOTS")
      return
    }
    let golden = try #require(
      try? String(contentsOf: file, encoding: .utf8),
      "no golden screen '\(name)'; RECORD_SNAPSHOTS=1 records it"
    )
    #expect(text == golden, "\(name) differs:\n\(text)")
  }

  private static func pressed(_ fleet: FleetFixture, _ keys: Key...) -> FleetFixture {
    let fleet = fleet
    for key in keys { fleet.send(.key(key)) }
    return fleet
  }

  private static func typed(_ fleet: FleetFixture, _ text: String) -> FleetFixture {
    let fleet = fleet
    fleet.type(text)
    return fleet
  }

  private static func rollingBack() -> FleetFixture {
    let fleet = pressed(.healthy().selecting("austin-01/a"), .up, .character("b"), .right, .enter)
    var report = JobReport(kind: .rollback, title: "roll back tag-reader", nodes: Array(fleet.names.prefix(2)))
    report.set(fleet.names[0], .done, "serves tag-reader@1")
    report.set(fleet.names[1], .active, "switching back", fraction: 0.44)
    fleet.send(.job(report))
    return fleet
  }

  private static func rollbackFailed() -> FleetFixture {
    let fleet = rollingBack()
    guard var report = fleet.state.job else { return fleet }
    report.set(fleet.names[1], .failed, "switching back took longer than 2m")
    report.state = .failed("austin-01/b: switching back took longer than 2m", .timeout)
    fleet.send(.job(report))
    return fleet
  }

  /// A push that would fail on a node, and wait for another.
  private static func troubled() -> FleetFixture {
    let fleet = FleetFixture.unreachable()
    fleet.run(seconds: 1, silent: [NodeName(store: "reno-03", node: "a")]) { frame, _ in
      if frame.node.description == "austin-01/b" { frame.diskFreeBytes = .measured(20_000_000) }
    }
    return pressed(fleet, .character("p"), .up, .up, .left)
  }

  private static func noAlerts() -> FleetFixture {
    let fleet = pressed(.healthy(), .character("A"))
    fleet.send(.alerts(AlertReading(alerts: []), recorded: nil))
    return fleet
  }

  private static func noJobs() -> FleetFixture {
    let fleet = pressed(.healthy(), .character("J"))
    fleet.send(.jobs(JobReading(jobs: [])))
    return fleet
  }

  private static func running() -> FleetFixture {
    let report = JobFixture.running()
    let asked = JobPage.Asked(kind: "pause", by: "kim", time: FleetFixture.start.addingTimeInterval(3), isHeard: false)
    return .onJob(JobFixture.job(12, .running, report: report), report, asked: [asked])
  }

  private static func undecided() -> FleetFixture {
    let report = JobFixture.undecided()
    return .onJob(JobFixture.job(11, .running, report: report), report)
  }

  private static func failed() -> FleetFixture {
    let report = JobFixture.failed()
    return .onJob(JobFixture.job(8, .failed, reason: report.reason, report: report), report)
  }

  private static func offered() -> FleetFixture {
    let fleet = FleetFixture.healthy()
    fleet.send(.jobs(JobReading(jobs: JobFixture.list())))
    return fleet
  }

  private static func lastServing() -> FleetFixture {
    let fleet = drained().selecting("denver-02/a")
    fleet.press(.character("d"))
    return fleet
  }

  private static func drained() -> FleetFixture { .drained() }
}
