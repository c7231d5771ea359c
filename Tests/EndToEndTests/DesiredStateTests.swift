import Foundation
import Testing

extension EndToEnd {
  private struct Difference: Decodable {
    struct Row: Decodable {
      var node: String
      var desired: Int
      var served: Int?
      var state: String
      var reason: String
      var simulated: Bool?
    }
    var simulated: Bool
    var same: Int
    var differs: Int
    var unknown: Int
    var nodes: [Row]
    var problems: [String]
  }

  /// Says in the fleet's file which version should run.
  private func ask(_ demo: SimulatedDemo, _ desired: String) throws {
    let file = URL(filePath: demo.report.fleet_file)
    let text = try String(contentsOf: file, encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.contains("name: tag-reader, path: ") })
    let path = try #require(line.firstMatch(of: /path: "[^"]*"/)).output
    try text.replacing(line, with: "  - {name: tag-reader, \(path), \(desired)}")
      .write(to: file, atomically: true, encoding: .utf8)
  }

  private func difference(_ demo: SimulatedDemo, expecting status: Int32) async throws -> Difference {
    let result = try await demo.fleet("diff", "--json")
    #expect(result.status == status, "\(result)")
    return try result.decoded(Difference.self)
  }

  @Test func applyBringsEveryNodeToItsVersion() async throws {
    let demo = try await SimulatedDemo(12, "--per-store", "3")
    try ask(demo, "version: 1")
    let same = try await difference(demo, expecting: 0)
    #expect(same.same == 12 && same.simulated && same.nodes.allSatisfy { $0.simulated == true && $0.served == 1 })

    try ask(demo, "version: 2, canary: {to: store-001, version: 3}")
    let before = try await difference(demo, expecting: 1)
    #expect(before.differs == 12 && before.nodes.filter { $0.desired == 3 }.count == 3)
    let text = try await demo.fleet("diff", "store-001/a")
    #expect(text.status == 1 && text.output.contains("serves tag-reader@1; simulated"), "\(text)")

    let asked = try await demo.fleet("apply", "--bake", "1s", "--gate", "none")
    #expect(asked.status == 2 && asked.errors.contains("--yes"), "nobody is there to answer: \(asked)")
    #expect(try await difference(demo, expecting: 1).differs == 12)
    let plan = try await demo.fleet("apply", "--plan")
    #expect(plan.output.contains("push tag-reader@3") && plan.output.contains("push tag-reader@2"), "\(plan)")

    let apply = try await demo.fleet("apply", "--yes", "--bake", "1s", "--gate", "none", deadline: .seconds(180))
    #expect(apply.status == 0, "\(apply)")
    #expect(apply.errors.contains("push-0001") && apply.errors.contains("push-0002"), "one job a version: \(apply)")
    let after = try await difference(demo, expecting: 0)
    #expect(after.same == 12, "\(after)")
    let again = try await demo.fleet("apply", "--yes")
    #expect(again.status == 0 && !again.errors.contains("push-0003"), "there is nothing to do: \(again)")
    try await demo.stop()
  }

  /// A box that lost all that it had, as one that was replaced has nothing.
  @Test func aWipedNodeGetsItsVersionWithTheNextApply() async throws {
    let demo = try await Demo(traffic: 0)
    let same = try await demo.fleet("diff")
    #expect(same.status == 0 && same.output.contains("6 nodes of fleet 'acme': 6 same"), "\(same)")
    let node = try demo.node("denver-02/a")
    try FileManager.default.removeItem(atPath: "\(node.state)/repository")
    kill(node.agent_pid, SIGKILL)
    var last: ProgramResult?
    let isWiped = try await eventually(within: .seconds(30)) {
      last = try await demo.fleet("diff", "denver-02/a")
      return last?.status == 1 && last?.output.contains("serves no version of tag-reader") == true
    }
    #expect(isWiped, "\(String(describing: last))")
    let apply = try await demo.fleet("apply", "--yes", "--gate", "none", "--bake", "0s")
    #expect(apply.status == 0 && apply.errors.contains("push-0001"), "\(apply)")
    let after = try await demo.fleet("diff")
    #expect(after.status == 0 && after.output.contains("6 same"), "\(after)")
    _ = try await demo.stop()
  }

  @Test func whatCannotBeAppliedIsSaidBeforeAnythingIsOrdered() async throws {
    let demo = try await SimulatedDemo(4)
    try ask(demo, "version: 17, canary: {to: store-001/a, version: 2}")
    let diff = try await demo.fleet("diff")
    let words = "tag-reader@17 should run, but cannot be pushed: no tag-reader@17 in "
    #expect(diff.status == 1 && diff.output.contains(words), "\(diff)")
    let apply = try await demo.fleet("apply", "--yes")
    #expect(apply.status == 2 && apply.errors.contains(words), "\(apply)")
    #expect(apply.errors.contains("there are versions 1, 2, 3, 4"), "\(apply)")
    let jobs = try await demo.fleet("jobs")
    #expect(jobs.output.contains("has no jobs"), "\(jobs)")
    try ask(demo, "version: 2, canary: {to: stoer-001, version: 3}")
    let wrong = try await demo.fleet("diff")
    #expect(wrong.status == 2 && wrong.errors.contains("did you mean 'store-001'?"), "\(wrong)")
    let other = try await demo.fleet("diff", "--model", "tag-raeder")
    #expect(other.status == 2, "\(other)")
    try await demo.stop()
  }

  @Test func nodesThatDoNotAnswerAreUnknownAndNotEqual() async throws {
    let demo = try await SimulatedDemo(10, "--offline", "100%", "--away", "600s")
    try ask(demo, "version: 1")
    let result = try await demo.fleet("diff", "--json")
    let found = try result.decoded(Difference.self)
    #expect(found.unknown > 0 && found.differs == 0, "\(found)")
    #expect(result.status == 3, "\(result)")
    let apply = try await demo.fleet("apply", "--yes")
    #expect(apply.status == 3, "no rollout for nodes that are only unknown: \(apply)")
    #expect(try await demo.fleet("jobs").output.contains("has no jobs"))
    try await demo.stop()
  }
}
