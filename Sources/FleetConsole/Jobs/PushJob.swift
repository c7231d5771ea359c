internal import FleetCore
internal import Foundation

/// Brings a version to nodes, one after the other, so that a store always has a node that nobody touches: announce, send what
/// is missing, switch, and look whether it serves. Stops at the first failure; what was switched before stays switched.
package struct PushJob: Job {
  private let plan: PushPlan
  private let agents: AgentDirectory
  private let pace: TransferPace
  /// The node may finish what it was ordered, whoever still listens.
  static let stoppedWhileSwitching = "stopped while switching; its row tells what it serves"

  package init(_ plan: PushPlan, agents: AgentDirectory, pace: TransferPace = TransferPace()) {
    self.plan = plan
    self.agents = agents
    self.pace = pace
  }

  package func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport {
    var report = JobReport(kind: .push, title: "push \(plan.model.version)", nodes: plan.nodes)
    tell(report)
    let deltas = DeltaLibrary(for: plan.model)
    var done: [any NodeAgent] = []
    for node in plan.nodes {
      var isSwitchOrdered = false
      do throws(CommandError) {
        let agent = try agents.agent(node)
        let transfer = ModelTransfer(
          model: plan.model,
          agent: agent,
          pace: pace,
          deltas: deltas,
          siblings: done.filter { $0.name.store == node.store }.suffix(2)
        )
        try await push(transfer, &report, tell, isSwitchOrdered: &isSwitchOrdered)
        done.append(agent)
      } catch {
        let wasCancelled = Task.isCancelled
        let stopped =
          isSwitchOrdered ? Self.stoppedWhileSwitching : "stopped by the operator; it serves what it served"
        report.set(node, .failed, wasCancelled ? stopped : error.message)
        report.skipWaiting("not begun; serves what it served")
        let done = report.steps.filter { $0.phase == .done }.count
        report.state =
          wasCancelled
          ? .cancelled
          : .failed("\(node): \(error.message) (\(done) of \(plan.nodes.count) nodes done before)", error.code)
        tell(report)
        return report
      }
    }
    report.state = .succeeded
    tell(report)
    return report
  }

  private func push(
    _ transfer: ModelTransfer,
    _ report: inout JobReport,
    _ tell: @escaping @Sendable (JobReport) -> Void,
    isSwitchOrdered: inout Bool
  ) async throws(CommandError) {
    let progress = Progress(report, tell)
    let agent = transfer.agent
    let delivery = try await transfer.run { news in
      progress.change { $0.set(agent.name, .active, news.text, fraction: news.fraction) }
    }
    report = progress.change { _ in }
    if Task.isCancelled { throw CommandError(.conflict, "stopped") }
    let version = plan.model.version
    let digest = plan.model.manifest.digest
    report.set(agent.name, .active, "compiling and warming up", fraction: 1)
    tell(report)
    isSwitchOrdered = true
    let outcome = try await Deadline.run(.seconds(120), "switching to \(version)") { () async throws(CommandError) in
      try await agent.execute(.activate(version, digest: digest))
    }
    report.set(agent.name, .active, "checking that it serves", fraction: 1)
    tell(report)
    try await Verification.serving(version, digest: digest, on: agent)
    guard case .activated(let activation) = outcome else {
      throw CommandError(.failed, "unexpected answer to the switch; 'fleet status' tells what it serves")
    }
    let before = activation.previous.map { " (before: \($0))" } ?? ""
    let way = delivery.isOrdinary ? "" : "; \(delivery.text)"
    report.set(agent.name, .done, "serves \(version)\(before)\(way)", fraction: 1)
    tell(report)
  }
}
