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
    let push = try await demo.fleet(
      "push",
      "tag-reader@4",
      "--to",
      "all",
      "--waves",
      "1,100%",
      "--bake",
      "3s",
      "--gate",
      "accuracy >= 90%",
      deadline: .seconds(180)
    )
    #expect(push.status == 1, "\(push)")
    let jobs = try await demo.fleet("jobs")
    #expect(jobs.output.contains("failed") && jobs.output.contains("accuracy"), "\(jobs)")
    let nodes = try await demo.status().nodes
    for node in nodes { #expect(node.models.first?.version == 1, "\(node)") }
    let touched = nodes.filter { node in node.repository.contains { $0.version == 4 } }
    #expect(Set(touched.map(\.store)).count == 1, "\(touched)")
    _ = try await demo.stop()
  }
}
