internal import FleetCore

/// Brings a version to nodes, one after the other, so that a store always has a node that nobody touches: announce, send what
/// is missing, switch, and look whether it serves. Stops at the first failure; what was switched before stays switched.
package struct PushJob: Job {
  private let plan: PushPlan
  private let agents: AgentDirectory
  /// How often a broken link may interrupt one node's transfer.
  private static let attempts = 4
  /// The node may finish what it was ordered, whoever still listens.
  static let stoppedWhileSwitching = "stopped while switching; its row tells what it serves"

  package init(_ plan: PushPlan, agents: AgentDirectory) {
    self.plan = plan
    self.agents = agents
  }

  package func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport {
    var report = JobReport(kind: .push, title: "push \(plan.model.version)", nodes: plan.nodes)
    tell(report)
    for node in plan.nodes {
      var isSwitchOrdered = false
      do throws(CommandError) {
        try await push(to: try agents.agent(node), &report, tell, isSwitchOrdered: &isSwitchOrdered)
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
    to agent: any NodeAgent,
    _ report: inout JobReport,
    _ tell: @Sendable (JobReport) -> Void,
    isSwitchOrdered: inout Bool
  ) async throws(CommandError) {
    try await transfer(to: agent, &report, tell)
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
    report.set(agent.name, .done, "serves \(version)\(before)", fraction: 1)
    tell(report)
  }

  /// Announces the version and sends what the node lacks; a broken link is tried again from where it broke.
  private func transfer(
    to agent: any NodeAgent,
    _ report: inout JobReport,
    _ tell: @Sendable (JobReport) -> Void
  ) async throws(CommandError) {
    var backoff = Backoff()
    for attempt in 1...Self.attempts {
      do throws(CommandError) {
        report.set(agent.name, .active, "announcing", fraction: 0)
        tell(report)
        let manifest = plan.model.manifest
        let staged = try await Deadline.run(.seconds(20), "announcing \(plan.model.version)") {
          () async throws(CommandError) in try await agent.execute(.stage(manifest))
        }
        guard case .staged(let files) = staged else {
          throw CommandError(.failed, "unexpected answer to the announcement")
        }
        try await send(files, to: agent, &report, tell)
        return
      } catch {
        let isPassing = error.code == .unreachable || error.code == .timeout || error.code == .conflict
        guard isPassing, attempt < Self.attempts, !Task.isCancelled else { throw error }
        report.set(agent.name, .active, "trying again: \(error.message)")
        tell(report)
        try? await Task.sleep(for: backoff.delay())
      }
    }
  }

  private func send(
    _ files: [StagedFile],
    to agent: any NodeAgent,
    _ report: inout JobReport,
    _ tell: @Sendable (JobReport) -> Void
  ) async throws(CommandError) {
    let total = files.reduce(0) { $0 + $1.totalBytes }
    var sent = files.reduce(0) { $0 + $1.receivedBytes }
    let digest = plan.model.manifest.digest
    for file in files {
      var offset = file.receivedBytes
      while offset < file.totalBytes {
        if Task.isCancelled { throw CommandError(.conflict, "stopped") }
        let text = "sending \(Format.bytes(Double(sent))) of \(Format.bytes(Double(total)))"
        report.set(agent.name, .active, text, fraction: total > 0 ? Double(sent) / Double(total) : 1)
        tell(report)
        let count = Int(min(UInt64(FileChunk.maximumBytes), file.totalBytes - offset))
        let bytes = try ModelFile.chunk(of: plan.model, path: file.path, offset: offset, count: count)
        let chunk = FileChunk(digest: digest, path: file.path, offset: offset, bytes: bytes)
        let outcome = try await Deadline.run(.seconds(30), "sending '\(file.path)'") { () async throws(CommandError) in
          try await agent.execute(.write(chunk))
        }
        guard case .written(let received) = outcome, received > offset else {
          throw CommandError(.failed, "'\(file.path)': the node took none of the bytes sent")
        }
        sent += received - offset
        offset = received
      }
    }
  }
}
