import Foundation
import Testing

extension EndToEnd {
  /// Outside its hours a rollout waits, and plan and job say so; nothing was sent.
  @Test func rolloutWaitsForTheHoursOfItsStores() async throws {
    let demo = try await SimulatedDemo(4)
    let hour = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: Date()).hour ?? 0
    let window = "\((hour + 3) % 24):00-\((hour + 4) % 24):00"
    let plan = try await demo.fleet(
      "push",
      "tag-reader@2",
      "--to",
      "all",
      "--plan",
      "--window",
      window,
      "--store-limit",
      "1KB/s"
    )
    #expect(plan.status == 0 && plan.output.contains("1 store waited for, store-001 (UTC) until 20"), "\(plan)")
    #expect(plan.output.contains("4 nodes, simulated"), "\(plan)")

    let push = try await demo.fleet("push", "tag-reader@2", "--to", "all", "--window", window, "--detach")
    let job = push.output.trimmingCharacters(in: .whitespacesAndNewlines)
    struct Document: Decodable {
      var state: String
      var progress: String?
      var simulated: Bool
      var title: String
    }
    var last: ProgramResult?
    let waits = try await eventually(within: .seconds(30)) {
      let show = try await demo.fleet("jobs", "show", job, "--json")
      last = show
      let document = try show.decoded(Document.self)
      return document.simulated && document.title.hasSuffix("(simulated)")
        && document.progress?.contains("waits for the hours of 1 store, until 20") == true
    }
    #expect(waits, "\(String(describing: last))")
    let cancel = try await demo.fleet("jobs", "cancel", job)
    #expect(cancel.status == 0, "\(cancel)")
    _ = try await demo.fleet("jobs", "watch", job)
    for node in try await demo.nodes() {
      #expect(!node.repository.contains { $0.version == 2 }, "no byte of it is there: \(node)")
    }
    try await demo.stop()
  }
}
