package import FleetCore
internal import Synchronization

/// Has nodes hand their requests to siblings, one node after the other, and watches until each measures nothing in flight.
package struct DrainJob: Job {
  private let plan: DrainPlan
  private let agents: AgentDirectory
  /// What a node may take past the deadline to say that it is drained.
  private static let grace = Duration.seconds(10)

  package init(_ plan: DrainPlan, agents: AgentDirectory) {
    self.plan = plan
    self.agents = agents
  }

  package func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport {
    let title = plan.nodes.count == 1 ? "drain \(plan.nodes[0])" : "drain \(plan.nodes.count) nodes"
    let progress = Progress(JobReport(kind: .drain, title: title, nodes: plan.nodes), tell)
    for node in plan.nodes {
      do throws(CommandError) {
        try await drain(try agents.agent(node), progress)
      } catch {
        let wasCancelled = Task.isCancelled
        return progress.change {
          $0.set(node, .failed, wasCancelled ? "no longer watched; undrain takes the order back" : error.message)
          $0.skipWaiting("not begun; goes on serving")
          $0.state = wasCancelled ? .cancelled : .failed("\(node): \(error.message)")
        }
      }
    }
    return progress.change { $0.state = .succeeded }
  }

  private func drain(_ agent: any NodeAgent, _ progress: Progress) async throws(CommandError) {
    let order = plan.order
    let name = agent.name
    progress.change { $0.set(name, .active, "asking") }
    let outcome = try await Deadline.run(.seconds(20), "the order to drain") { () async throws(CommandError) in
      try await agent.execute(.drain(order))
    }
    guard case .draining(let siblings) = outcome else {
      throw CommandError(.failed, "unexpected answer to the order to drain")
    }
    let target =
      siblings.isEmpty ? "nobody; new requests are refused" : siblings.map(\.description).joined(separator: ", ")
    progress.change { $0.set(name, .active, "hands off to \(target)") }
    try await Deadline.run(order.deadline + Self.grace, "draining") { () async throws(CommandError) in
      try await Verification.watch(agent, every: .milliseconds(250)) { frame in
        let inFlight = frame.models.reduce(0) { $0 + $1.inFlight }
        let handedOff = frame.drain?.handedOff ?? 0
        switch frame.availability {
        case .drained:
          let cut = frame.drain?.cutAtDeadline ?? 0
          let end = cut > 0 ? "\(cut) cut off at the deadline" : "none cut off"
          progress.change { $0.set(name, .done, "drained: nothing in flight, \(handedOff) handed off, \(end)") }
          return true
        case .draining:
          progress.change { $0.set(name, .active, "\(inFlight) in flight, \(handedOff) handed off to \(target)") }
        case .serving: break
        }
        return false
      }
    }
  }
}

/// Has nodes serve again.
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
    let operatorName = operatorName
    for node in nodes {
      progress.change { $0.set(node, .active, "asking") }
      do throws(CommandError) {
        let agent = try agents.agent(node)
        _ = try await Deadline.run(.seconds(20), "the order to serve") { () async throws(CommandError) in
          try await agent.execute(.undrain(orderedBy: operatorName))
        }
      } catch {
        let wasCancelled = Task.isCancelled
        return progress.change {
          $0.set(node, .failed, error.message)
          $0.skipWaiting("not begun")
          $0.state = wasCancelled ? .cancelled : .failed("\(node): \(error.message)")
        }
      }
      progress.change { $0.set(node, .done, "serving") }
    }
    return progress.change { $0.state = .succeeded }
  }
}

/// A report that is changed and told in one step.
final class Progress: Sendable {
  private let report: Mutex<JobReport>
  private let tell: @Sendable (JobReport) -> Void

  init(_ report: JobReport, _ tell: @escaping @Sendable (JobReport) -> Void) {
    self.report = Mutex(report)
    self.tell = tell
    tell(report)
  }

  @discardableResult
  func change(_ change: @Sendable (inout JobReport) -> Void) -> JobReport {
    let (new, isNews) = report.withLock { report in
      let old = report
      change(&report)
      return (report, report != old)
    }
    if isNews { tell(new) }
    return new
  }
}
