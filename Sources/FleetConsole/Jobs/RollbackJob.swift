internal import FleetCore

/// Takes nodes back to the version before, one after the other; stops at the first failure.
package struct RollbackJob: Job {
  private let plan: RollbackPlan
  private let agents: AgentDirectory

  package init(_ plan: RollbackPlan, agents: AgentDirectory) {
    self.plan = plan
    self.agents = agents
  }

  package func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport {
    let progress = Progress(JobReport(kind: .rollback, title: "roll back \(plan.model)", nodes: plan.nodes), tell)
    let model = plan.model
    for node in plan.nodes {
      progress.change { $0.set(node, .active, "switching back") }
      do throws(CommandError) {
        let agent = try agents.agent(node)
        let outcome = try await Deadline.run(.seconds(120), "switching back") { () async throws(CommandError) in
          try await agent.execute(.rollback(model: model))
        }
        guard case .activated(let activation) = outcome else {
          throw CommandError(.failed, "unexpected answer to the order to roll back")
        }
        try await Verification.serving(activation.active, digest: activation.digest, on: agent)
        progress.change { $0.set(node, .done, "serves \(activation.active)") }
      } catch {
        let wasCancelled = Task.isCancelled
        return progress.change {
          $0.set(node, .failed, wasCancelled ? PushJob.stoppedWhileSwitching : error.message)
          $0.skipWaiting("not begun; serves what it served")
          $0.state = wasCancelled ? .cancelled : .failed("\(node): \(error.message)", error.code)
        }
      }
    }
    return progress.change { $0.state = .succeeded }
  }
}
