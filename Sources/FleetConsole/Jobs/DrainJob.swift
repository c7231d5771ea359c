internal import FleetCore
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
          $0.state = wasCancelled ? .cancelled : .failed("\(node): \(error.message)", error.code)
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
    let wasDraining = Mutex(false)
    try await Verification.watch(agent, every: .milliseconds(250), limit: order.deadline + Self.grace, "draining") {
      frame in
      switch frame.availability {
      case .drained:
        let handedOff = frame.drain?.handedOff ?? 0
        let cut = frame.drain?.cutAtDeadline ?? 0
        let end = cut > 0 ? "\(cut) cut off at the deadline" : "none cut off"
        progress.change { $0.set(name, .done, "drained: nothing in flight, \(handedOff) handed off, \(end)") }
        return .success(())
      case .draining:
        wasDraining.withLock { $0 = true }
        progress.change { $0.set(name, .active, Self.words(frame, target)) }
        return nil
      case .serving:
        // A frame from before the order says 'serving' too; only one after 'draining' means that somebody took it back.
        guard wasDraining.withLock({ $0 }) else { return nil }
        return .failure(CommandError(.conflict, "taken back by an undrain; it serves again"))
      }
    }
  }

  /// What holds the drain up. A request that has been there for less than a second will most likely end by itself.
  private static func words(_ frame: Frame, _ target: String) -> String {
    let inFlight = max(frame.models.reduce(0) { $0 + $1.inFlight }, frame.drain?.oldest == nil ? 0 : 1)
    let handedOff = frame.drain?.handedOff ?? 0
    var oldest = ""
    if let flight = frame.drain?.oldest, flight.seconds >= 1 {
      let model = flight.model.isEmpty ? "" : " for \(flight.model)"
      oldest = " ('\(flight.id)'\(model) of \(flight.client), \(Quantity.text(.seconds(flight.seconds.rounded()))))"
    }
    return "\(inFlight) in flight\(oldest), \(handedOff) handed off to \(target)"
  }
}
