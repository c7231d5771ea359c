package import FleetCore

/// Long work on nodes that tells how it stands.
package protocol Job: Sendable {
  /// Works until it is done, has failed, or its task is cancelled; `tell` is called at every change. Gives the last report.
  func run(_ tell: @escaping @Sendable (JobReport) -> Void) async -> JobReport
}

extension Job {
  /// The reports as a stream that ends with the last one. Giving up the stream cancels the work.
  package func reports() -> AsyncStream<JobReport> {
    AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
      let task = Task {
        _ = await run { continuation.yield($0) }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// The agents a job may talk to.
package struct AgentDirectory: Sendable {
  private let agents: [NodeName: any NodeAgent]

  package init(_ agents: [any NodeAgent]) {
    self.agents = Dictionary(agents.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package var all: [any NodeAgent] { agents.values.sorted { $0.name < $1.name } }

  /// Throws `.notFound` with near names.
  package func agent(_ name: NodeName) throws(CommandError) -> any NodeAgent {
    guard let agent = agents[name] else {
      let hint = NearName.hint(for: name.description, among: agents.keys.map(\.description))
      throw CommandError(.notFound, "no node '\(name)' in this fleet\(hint)")
    }
    return agent
  }
}
