import Foundation
import Testing

extension EndToEnd {
  @Test func drainingEveryNodeInTurnLosesNothing() async throws {
    let demo = try await Demo(traffic: 200)
    for node in demo.report.nodes {
      let drain = try await demo.fleet("drain", node.name, "--reason", "end-to-end test", "--deadline", "30s")
      #expect(drain.status == 0, "\(drain)")
      try await demo.expectNode(node.name, within: .seconds(10), "it is drained") {
        $0.availability == "drained" && $0.models.allSatisfy { $0.in_flight == 0 }
      }
      let undrain = try await demo.fleet("undrain", node.name)
      #expect(undrain.status == 0, "\(undrain)")
      try await demo.expectNode(node.name, within: .seconds(10), "it serves again") { $0.availability == "serving" }
    }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }

  @Test func lastServingNodeOfAStoreIsNotDrained() async throws {
    let demo = try await Demo(traffic: 30)
    let first = try await demo.fleet("drain", "austin-01/a", "--reason", "first")
    #expect(first.status == 0, "\(first)")
    let last = try await demo.fleet("drain", "austin-01/b", "--reason", "second")
    #expect(last.status == 1, "\(last)")
    #expect(last.errors.contains("last serving node"), "\(last)")
    #expect(last.errors.contains("--force"), "\(last)")
    try await demo.expectNode("austin-01/b", within: .seconds(5), "it goes on serving") { $0.availability == "serving" }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }

  @Test func drainSurvivesARestartOfTheAgent() async throws {
    let demo = try await Demo(traffic: 30)
    let drain = try await demo.fleet("drain", "miami-03/a", "--reason", "it smells burnt")
    #expect(drain.status == 0, "\(drain)")
    let agent = try demo.node("miami-03/a").agent_pid
    kill(agent, SIGKILL)
    try await demo.expectNode("miami-03/a", within: .seconds(20), "a new agent says that it is drained") {
      $0.availability == "drained" && $0.engine?.pid != nil && $0.engine?.state == "serving"
    }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }
}
