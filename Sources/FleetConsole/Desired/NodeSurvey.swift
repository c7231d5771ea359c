package import FleetCore

/// What every node says of itself, or why it says nothing.
package struct NodeSurvey: Sendable {
  /// How many nodes are asked at once.
  private static let atOnce = 64

  package let answers: [NodeName: Result<NodeDescription, CommandError>]

  package init(_ answers: [NodeName: Result<NodeDescription, CommandError>]) {
    self.answers = answers
  }

  /// Asks them side by side, each for no longer than `limit`.
  package init(of agents: [any NodeAgent], limit: Duration = .seconds(5)) async {
    let limiter = Limiter(Self.atOnce)
    answers = await withTaskGroup(of: (NodeName, Result<NodeDescription, CommandError>).self) { group in
      for agent in agents { group.addTask { (agent.name, await Self.answer(of: agent, limiter, limit)) } }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }

  private static func answer(of agent: any NodeAgent, _ limiter: Limiter, _ limit: Duration) async
    -> Result<NodeDescription, CommandError>
  {
    do throws(CommandError) {
      return .success(
        try await limiter.run { () async throws(CommandError) in
          try await Deadline.run(limit, "its description") { () async throws(CommandError) in
            try await agent.describe()
          }
        }
      )
    } catch {
      return .failure(error)
    }
  }
}
