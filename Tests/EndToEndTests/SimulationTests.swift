import Foundation
import Testing

extension EndToEnd {
  @Test func simulatedFleetIsWatchedUpdatedAndDrainedAsARealOne() async throws {
    let demo = try await SimulatedDemo(40, "--hour", "18", "--seed", "3")
    #expect(demo.report.simulated && demo.report.seed == 3)
    #expect(demo.report.nodes.count == 40 && demo.report.nodes.allSatisfy { $0.simulated && !$0.away })
    #expect(demo.report.nodes[17].name == "store-005/b")

    let nodes = try await demo.nodes()
    #expect(nodes.count == 40)
    for node in nodes {
      #expect(node.simulated == true, "\(node)")
      #expect(node.availability == "serving" && node.models.first?.version == 1, "\(node)")
      #expect(node.accelerators.first?.watts.source == "estimate", "\(node)")
    }
    let table = try await demo.fleet("status", "store-001")
    #expect(table.status == 0 && table.output.contains("simulated"), "\(table)")

    let push = try await demo.fleet("push", "tag-reader@2", "--to", "tier=canary")
    #expect(push.status == 0, "\(push)")
    let drain = try await demo.fleet("drain", "store-003/b", "--reason", "a test")
    #expect(drain.status == 0, "\(drain)")
    // Requests move to its siblings, and the rates of the last 10 s show it.
    var last: [StatusDocument.Node] = []
    let isSeen = try await eventually(within: .seconds(30)) {
      last = try await demo.nodes()
      return last.allSatisfy { node in
        let isCanary = node.labels["tier"] == "canary"
        let isDrained = node.name == "store-003/b"
        let rate = node.models.first?.requests_per_s ?? 0
        return node.models.first?.version == (isCanary ? 2 : 1)
          && node.availability == (isDrained ? "drained" : "serving") && (isDrained ? rate == 0 : rate > 5)
      }
    }
    #expect(isSeen, "\(last)")
    try await demo.stop()
  }

  @Test func simulatedNodesGoAwayAndComeBack() async throws {
    let demo = try await SimulatedDemo(20, "--offline", "50%", "--vanish", "100%", "--away", "3s", "--faulty", "25%")
    #expect(demo.report.nodes.count { $0.spells } == 10 && demo.report.nodes.allSatisfy(\.vanishes))
    #expect(demo.report.nodes.count { $0.fault != nil } == 5)
    // Each of them is found away and found here in the end, and nobody else is ever missed.
    var (away, here): (Set<String>, Set<String>) = ([], [])
    let spells = Set(demo.report.nodes.filter(\.spells).map(\.name))
    let haveAll = try await eventually(within: .seconds(90)) {
      for node in try await demo.nodes() {
        if node.health == "unreachable" {
          away.insert(node.name)
        } else if node.simulated == true {
          here.insert(node.name)
        }
      }
      return away == spells && here.count == 20
    }
    #expect(haveAll, "away were \(away.sorted()), here were \(here.sorted())")
    // One that vanishes in the middle of the transfer has the version in the end all the same.
    let steady = try #require(demo.report.nodes.first { !$0.spells }).name
    var last: ProgramResult?
    let arrived = try await eventually(within: .seconds(60)) {
      last = try await demo.fleet("push", "tag-reader@2", "--to", steady)
      return last?.status == 0
    }
    #expect(arrived, "\(String(describing: last))")
    try await demo.stop()
  }

  @Test func simulationTellsEveryProblemOfItsFlags() async throws {
    let result = try await Program.fleet(
      "demo",
      "--simulate",
      "2001",
      "--per-store",
      "0",
      "--offline",
      "many",
      "--line",
      "2MB",
      "--away",
      "0s"
    )
    #expect(result.status == 2, "\(result)")
    for words in ["--simulate: expected 1 to 2000 nodes, found '2001'", "--per-store", "'many'", "'2MB'", "--away"] {
      #expect(result.errors.contains(words), "\(result)")
    }
  }
}
