import Foundation
import Testing

extension EndToEnd {
  /// The repository's fleet, whose nodes drain themselves soon and are tried out after `rest`.
  private func eagerFleet(rest: String) throws -> URL {
    let file = FileManager.default.temporaryDirectory.appending(path: "fleet-\(UUID().uuidString).yaml")
    let text = try String(contentsOf: Programs.repository.appending(path: "fleet.yaml"), encoding: .utf8)
      .replacing("path: Tests/", with: "path: \(Programs.repository.path)/Tests/")
    let rule = "auto_drain: {mode: on, after: 5s, rest: \(rest), probation: 15s}\n"
    try Data((text + "\n" + rule).utf8).write(to: file)
    return file
  }

  /// What a node says of itself once a second, until `isOver`: where it stands with draining itself, and whether it serves.
  private func watch(
    _ demo: Demo,
    _ name: String,
    until isOver: (StatusDocument.Node) -> Bool
  ) async throws -> (stages: [String], availability: [String], last: StatusDocument.Node?) {
    var stages: [String] = []
    var availability: [String] = []
    var last: StatusDocument.Node?
    _ = try await eventually(within: .seconds(240)) {
      guard let node = try await demo.status().nodes.first(where: { $0.name == name }) else { return false }
      last = node
      if let stage = node.auto_drain?.stage, stages.last != stage { stages.append(stage) }
      let serves = node.availability == "serving" ? "serving" : "away"
      if availability.last != serves { availability.append(serves) }
      return isOver(node)
    }
    return (stages, availability, last)
  }

  /// Answers that come too late, which only requests can show: seen on trial, and not brought back.
  @Test func aFaultForGoodDrainsItsNodeOnce() async throws {
    let file = try eagerFleet(rest: "10s")
    defer { try? FileManager.default.removeItem(at: file) }
    let demo = try await Demo(traffic: 120, fault: "denver-02/b latency=150ms after=10s", fleet: file)
    let seen = try await watch(demo, "denver-02/b") { $0.auto_drain?.stage == "held" }
    #expect(seen.stages.last == "held" && seen.stages.suffix(3) == ["draining", "probation", "held"], "\(seen)")
    #expect(seen.availability == ["serving", "away"], "\(seen)")
    #expect(seen.last?.auto_drain?.text.contains("faulty on trial with 25% of its requests") == true, "\(seen)")
    try await demo.expectNode("denver-02/b", within: .seconds(10), "it is drained") { $0.availability == "drained" }
    let others = try await demo.status().nodes.filter { $0.name != "denver-02/b" }
    #expect(others.allSatisfy { $0.availability == "serving" && $0.auto_drain?.mode == "on" })
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }

  /// Wrong for 30 s, and then well: siblings answer meanwhile what it fails at, and it comes back by itself.
  @Test func aPassingFaultIsBackWithoutAPerson() async throws {
    // Whenever it drains, the fault is over when it is tried out.
    let file = try eagerFleet(rest: "20s")
    defer { try? FileManager.default.removeItem(at: file) }
    let demo = try await Demo(traffic: 120, fault: "denver-02/b latency=150ms after=10s for=30s", fleet: file)
    var wasAway = false
    let seen = try await watch(demo, "denver-02/b") { node in
      wasAway = wasAway || node.availability != "serving"
      return wasAway && node.auto_drain?.stage == "watching"
    }
    #expect(seen.stages.suffix(4) == ["watching", "draining", "probation", "watching"], "\(seen)")
    #expect(seen.availability == ["serving", "away", "serving"], "\(seen)")
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }
}
