import FleetConsole
import FleetCore
import Foundation

/// Brings the demo's fleet to the point where every node serves: waits for the agents, then pushes the first version.
enum DemoStart {
  static let deadline: Duration = .seconds(60)

  /// Throws a `DemoError` that names every node that is not ready.
  static func bringUp(_ fleet: DemoFleet, agents: [any NodeAgent], model: LocalModel) async throws {
    let problems = await withTaskGroup(of: String?.self) { group in
      for agent in agents {
        group.addTask {
          do {
            try await waitUntilReachable(agent)
            let plan = PushPlan(model: model, nodes: [agent.name])
            let report = await PushJob(plan, agents: AgentDirectory([agent])).run { _ in }
            if case .failed(let problem, _) = report.state { return problem }
            return nil
          } catch {
            return "\(error)"
          }
        }
      }
      var problems: [String] = []
      for await problem in group { if let problem { problems.append(problem) } }
      return problems.sorted()
    }
    guard problems.isEmpty else {
      let logs = fleet.folder.url.appending(path: "nodes").path(percentEncoded: false)
      throw DemoError((problems + ["the agents' logs are in \(logs)"]).joined(separator: "\n"))
    }
  }

  private static func waitUntilReachable(_ agent: any NodeAgent) async throws(CommandError) {
    let end = ContinuousClock.now.advanced(by: deadline)
    while true {
      do throws(CommandError) {
        _ = try await agent.describe()
        return
      } catch {
        let isPassing = error.code == .unreachable || error.code == .timeout
        guard isPassing, ContinuousClock.now < end, !Task.isCancelled else { throw error }
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }
}
