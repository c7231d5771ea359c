import Foundation
import Testing

extension EndToEnd {
  @Test func killedEngineIsBackAndTheStreamGoesOn() async throws {
    let demo = try await Demo(traffic: 100)
    let node = try demo.node("denver-02/a")
    kill(node.engine_pid, SIGKILL)
    try await demo.expectNode(node.name, within: .seconds(15), "another engine serves, and the restart is counted") {
      $0.engine?.state == "serving" && $0.engine?.pid != node.engine_pid && ($0.engine?.restarts ?? 0) >= 1
    }
    let status = try await demo.status()
    let reasons = try demo.node(node.name, in: status).reasons
    #expect(reasons.contains { $0.contains("signal 9") }, "\(reasons)")
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }

  @Test func killedAgentIsBackWithWhatItServed() async throws {
    let demo = try await Demo(traffic: 100)
    let push = try await demo.fleet("push", "tag-reader@2", "--to", "denver-02")
    #expect(push.status == 0, "\(push)")
    let node = try demo.node("denver-02/b")
    kill(node.agent_pid, SIGKILL)
    #expect(
      await eventually(within: .seconds(10)) { !OperatingSystem.isAlive(node.engine_pid) },
      "the engine ends with its agent"
    )
    try await demo.expectNode(node.name, within: .seconds(20), "another agent serves version 2 from its disk") {
      $0.engine?.state == "serving" && $0.models.first?.version == 2 && ($0.age_s ?? 99) < 3
    }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }

  @Test func killedDemoLeavesNoProcess() async throws {
    let demo = try await Demo(traffic: 30)
    demo.kill9()
    for node in demo.report.nodes {
      let isGone = await eventually(within: .seconds(15)) {
        !OperatingSystem.isAlive(node.agent_pid) && !OperatingSystem.isAlive(node.engine_pid)
      }
      #expect(isGone, "\(node.name)'s agent and engine end with the demo")
    }
    try FileManager.default.removeItem(at: demo.folder)
  }

  @Test func stoppedAgentIsUnreachableAndComesBackByItself() async throws {
    let demo = try await Demo(traffic: 0)
    let node = try demo.node("miami-03/b")
    kill(node.agent_pid, SIGSTOP)
    let stopped = try await demo.fleet("status", "--json")
    kill(node.agent_pid, SIGCONT)
    #expect(stopped.status == 3, "some nodes cannot be reached: \(stopped)")
    let document = try stopped.decoded(StatusDocument.self)
    #expect(try demo.node(node.name, in: document).health == "unreachable")
    for other in document.nodes where other.name != node.name {
      #expect(other.health != "unreachable", "\(other)")
    }
    try await demo.expectNode(node.name, within: .seconds(15), "it is back") { $0.health == "healthy" }
    _ = try await demo.stop()
  }
}
