package import FleetCore

/// Has nodes serve again, one after the other, and watches until each does.
package struct UndrainJob: Job {
  private let nodes: [NodeName]
  private let operatorName: String
  private let agents: AgentDirectory

  package init(_ nodes: [NodeName], operatorName: String, agents: AgentDirectory) {
    self.nodes = nodes
    self.operatorName = operatorName
    self.agents = agents
  }

  package func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport {
    let title = nodes.count == 1 ? "undrain \(nodes[0])" : "undrain \(nodes.count) nodes"
    let progress = Progress(JobReport(kind: .undrain, title: title, nodes: nodes), tell)
    for node in nodes {
      progress.change { $0.set(node, .active, "asking") }
      do throws(CommandError) {
        try await undrain(try agents.agent(node), progress)
      } catch {
        let wasCancelled = Task.isCancelled
        return progress.change {
          $0.set(node, .failed, wasCancelled ? "stopped; its row tells whether it serves" : error.message)
          $0.skipWaiting("not begun")
          $0.state = wasCancelled ? .cancelled : .failed("\(node): \(error.message)", error.code)
        }
      }
    }
    return progress.change { $0.state = .succeeded }
  }

  private func undrain(_ agent: any NodeAgent, _ progress: Progress) async throws(CommandError) {
    let operatorName = operatorName
    _ = try await Deadline.run(.seconds(20), "the order to serve") { () async throws(CommandError) in
      try await agent.execute(.undrain(orderedBy: operatorName))
    }
    let name = agent.name
    progress.change { $0.set(name, .active, "waiting until it serves") }
    try await Verification.watch(
      agent,
      every: .milliseconds(200),
      limit: Verification.deadline,
      "waiting for \(name) to serve"
    ) { frame in
      guard frame.availability == .serving else { return nil }
      switch frame.engine.state {
      case .serving:
        progress.change { $0.set(name, .done, "serving") }
        return .success(())
      case .idle:
        progress.change { $0.set(name, .done, "no longer drained, but its engine has no model to serve") }
        return .success(())
      case .starting, .hung, .restarting, .failed:
        progress.change { $0.set(name, .active, "no longer drained; its engine is \(frame.engine.state.rawValue)") }
        return nil
      }
    }
  }
}
