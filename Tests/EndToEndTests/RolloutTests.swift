import Foundation
import Testing

extension EndToEnd {
  /// In waves, by a process of its own; the command may end before it.
  @Test func rolloutReachesEveryStoreThroughItsGate() async throws {
    let demo = try await Demo(traffic: 300)
    let plan = try await demo.fleet("push", "tag-reader@2", "--to", "all", "--plan", "--waves", "1,100%")
    #expect(plan.status == 0, "\(plan)")
    #expect(plan.output.contains("no problem found"), "\(plan)")
    let push = try await demo.fleet(
      "push",
      "tag-reader@2",
      "--to",
      "all",
      "--waves",
      "1,100%",
      "--bake",
      "3s",
      "--gate",
      "errors < 1% and accuracy >= 95%",
      "--detach"
    )
    #expect(push.status == 0, "\(push)")
    let job = push.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let watch = try await demo.fleet("jobs", "watch", job, deadline: .seconds(180))
    let show = try await demo.fleet("jobs", "show", job)
    #expect(watch.status == 0, "\(watch)\n\(show)")
    for node in try await demo.status().nodes { #expect(node.models.first?.version == 2, "\(node)\n\(show)") }
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }

  /// It answers every request, and mostly wrong: only its golden set tells.
  @Test func wrongVersionIsTakenBackFromTheFirstStore() async throws {
    let demo = try await Demo(traffic: 0)
    try await expectTakenBack("tag-reader@4", gate: "accuracy >= 90%", by: demo)
    _ = try await demo.stop()
  }

  /// It answers right, and its computation takes 48 times as long: the gate compares each node with what it did before.
  @Test func slowVersionIsTakenBackFromTheFirstStore() async throws {
    let demo = try await Demo(traffic: 300)
    try await expectServed(200, by: demo)
    try await expectTakenBack("tag-reader@3", gate: "p50 < 1.5 * before and errors < 1%", by: demo)
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }

  /// It answers right and quickly, and each answer costs a fifth more energy by the machine's own counter.
  @Test func thirstyVersionIsTakenBackFromTheFirstStore() async throws {
    let counter = try EnergyCounter(costs: ["1": 1, "2": 1.2])
    let demo = try await Demo(traffic: 0, environment: ["FLEET_SYSFS": counter.sysfs.path])
    let node = try demo.node("austin-01/a")
    let feeding = Task { try await counter.feed(node.http) }
    defer {
      feeding.cancel()
      counter.remove()
    }
    try await expectServed(400, by: demo, at: node.name)
    // All boxes of a demo read the one counter, so only one of the first store may be asked.
    let rollout = try await expectTakenBack(
      "tag-reader@2",
      to: "not austin-01/b",
      gate: "j_per_inf < 1.15 * before",
      by: demo
    )
    let finding = try #require(rollout.failure?.verdict.verdict.findings.first)
    // By the counter, before and after: neither is an estimate of ours. On a busy machine it is read a little after the requests are.
    #expect(!finding.isEstimate && (0.9...1.6).contains(finding.value ?? 0), "\(finding)")
    _ = try await demo.stop()
  }

  /// Where two versions do not fit side by side, each node's requests go to its sibling while it switches.
  @Test func shortMemoryHandsOffAroundTheSwitch() async throws {
    let sysfs = FileManager.default.temporaryDirectory.appending(path: "fleet sys \(UUID().uuidString)")
    let group = sysfs.appending(path: "fs/cgroup")
    try FileManager.default.createDirectory(at: group, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: sysfs) }
    try "100000000\n".write(to: group.appending(path: "memory.max"), atomically: true, encoding: .utf8)
    try "99000000\n".write(to: group.appending(path: "memory.current"), atomically: true, encoding: .utf8)
    let demo = try await Demo(traffic: 300, environment: ["FLEET_SYSFS": sysfs.path])
    try await expectServed(20, by: demo)
    let push = try await demo.fleet("push", "tag-reader@2", "--to", "all", deadline: .seconds(180))
    #expect(push.status == 0, "\(push)")
    let nodes = try await demo.status().nodes
    for node in nodes { #expect(node.models.first?.version == 2, "\(node)") }
    #expect(nodes.contains { ($0.models.first?.handed_off ?? 0) > 0 }, "\(nodes)")
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0 && traffic.cut == 0, "\(traffic)")
  }

  /// Rolls a version out to all, which its gate has to stop at the first node, and the rollout to take back at once.
  @discardableResult
  private func expectTakenBack(
    _ version: String,
    to query: String = "all",
    gate: String,
    by demo: Demo,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> RolloutDocument {
    let push = try await demo.fleet(
      "push",
      version,
      "--to",
      query,
      "--waves",
      "1,100%",
      "--bake",
      "3s",
      "--gate",
      gate,
      deadline: .seconds(180)
    )
    #expect(push.status == 1, "\(push)", sourceLocation: sourceLocation)
    let rollout = try await demo.rollout("push-0001")
    let measure = gate.prefix { $0 != " " }
    #expect(rollout.state == "failed", "\(rollout)", sourceLocation: sourceLocation)
    #expect(rollout.reason?.contains(measure) == true, "\(rollout)", sourceLocation: sourceLocation)
    let seconds = try #require(rollout.secondsToRollBack, "\(rollout)", sourceLocation: sourceLocation)
    #expect(seconds <= 5, "from the verdict to the version before", sourceLocation: sourceLocation)
    for node in demo.report.nodes {
      try await demo.expectNode(node.name, within: .seconds(5), "it serves version 1", sourceLocation: sourceLocation) {
        $0.models.map(\.version) == [1]
      }
    }
    let touched = try await demo.status().nodes.filter { node in
      node.repository.contains { "\($0.name)@\($0.version)" == version }
    }
    #expect(Set(touched.map(\.store)).count == 1, "\(touched)", sourceLocation: sourceLocation)
    return rollout
  }

  /// Until each node, or the one at `name`, has answered so many requests that a gate has something to compare with.
  private func expectServed(_ count: Int, by demo: Demo, at name: String? = nil) async throws {
    for node in demo.report.nodes where name == nil || node.name == name {
      try await demo.expectNode(node.name, within: .seconds(60), "\(count) requests") {
        ($0.models.first?.requests ?? 0) >= count
      }
    }
  }
}
