import Foundation
import Testing

/// Everything here runs real processes and would take processor time from its neighbours, so one test runs at a time.
@Suite(.serialized)
struct EndToEnd {}

extension EndToEnd {
  @Test func demoReportsEveryNodeAndEndsCleanly() async throws {
    let demo = try await Demo(traffic: 60)
    #expect(
      demo.report.nodes.map(\.name) == [
        "austin-01/a", "austin-01/b", "denver-02/a", "denver-02/b", "miami-03/a", "miami-03/b",
      ]
    )
    for node in demo.report.nodes {
      try await demo.expectNode(node.name, within: .seconds(10), "its utilization is measured") {
        $0.accelerators.first?.utilization.source == "measured"
      }
    }
    let status = try await demo.status()
    #expect(status.schema == 1)
    #expect(status.fleet == "acme")
    #expect(status.nodes.count == 6)
    for node in status.nodes {
      #expect(node.availability == "serving", "\(node)")
      #expect(node.engine?.state == "serving", "\(node)")
      #expect(node.engine?.runtime?.hasPrefix("OpenVINO") == true, "\(node)")
      #expect(node.simulated == false)
      #expect(node.models.first?.version == 1)
      let accelerator = try #require(node.accelerators.first, "\(node)")
      #expect(accelerator.utilization.source == "measured", "\(accelerator)")
      #expect(accelerator.watts.value.map { $0 > 0 } ?? (accelerator.watts.absent != nil), "\(accelerator)")
    }
    for node in demo.report.nodes {
      #expect(OperatingSystem.isAlive(node.agent_pid))
      #expect(OperatingSystem.isAlive(node.engine_pid))
    }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0)
    #expect(traffic.wrong == 0)
  }

  @Test func demoEndsOnInterruptToo() async throws {
    let demo = try await Demo(traffic: 0)
    let traffic = try await demo.stop(signal: SIGINT)
    #expect(traffic.sent == 0)
  }

  @Test func injectedFaultIsNamedAndFound() async throws {
    let demo = try await Demo(traffic: 120, fault: "denver-02/b latency=120ms")
    try await demo.expectNode("denver-02/b", within: .seconds(40), "it turns degraded") { $0.health == "degraded" }
    try await demo.expectNode("denver-02/b", within: .seconds(60), "it turns faulty and says why") { node in
      node.health == "faulty" && node.injected_fault?.contains("latency=120ms") == true
        && node.reasons.contains { $0.contains("over the SLO of 50 ms") }
    }
    for other in try await demo.status().nodes where other.name != "denver-02/b" {
      #expect(other.health != "faulty", "\(other)")
    }
    _ = try await demo.stop()
  }
}
