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

  @Test func atMostOneOfTwoDrainsAtTheSameMomentWins() async throws {
    let demo = try await Demo(traffic: 30)
    let fleetFile = demo.report.fleet_file
    let drain: @Sendable (String) async throws -> ProgramResult = { node in
      try await Program.run(
        Programs.fleet,
        ["drain", node, "--reason", "at once", "--fleet", fleetFile],
        deadline: .seconds(60)
      )
    }
    for _ in 0..<3 {
      async let first = drain("denver-02/a")
      async let second = drain("denver-02/b")
      let results = try await [first, second]
      let refused = results.filter { $0.status == 1 && $0.errors.contains("denver-02/") }
      #expect(refused.count >= 1 && refused.count + results.count { $0.status == 0 } == 2, "\(results)")
      for node in ["denver-02/a", "denver-02/b"] {
        _ = try await demo.fleet("undrain", node)
        try await demo.expectNode(node, within: .seconds(10), "it serves again") { $0.availability == "serving" }
      }
    }
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

  /// An app that begins to send a request and does not go on, for as long as this runs or the node lets it.
  private func wedge(_ node: Demo.Report.Node, id: String) -> Task<ProgramResult, any Error> {
    let (host, port) = (node.http.split(separator: ":")[0], node.http.split(separator: ":")[1])
    let head = "POST /v2/models/tag-reader/infer HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 900\\r\\n\\r\\n"
    let script = "exec 3<>/dev/tcp/\(host)/\(port); printf '\(head)%s' '{\"id\":\"\(id)\",\"inp' >&3; cat <&3"
    return Task { try await Program.run(URL(filePath: "/bin/bash"), ["-c", script], deadline: .seconds(120)) }
  }

  /// Runs `fleet` beside what the test does.
  private func order(_ words: [String], _ demo: Demo) -> Task<ProgramResult, any Error> {
    let file = demo.report.fleet_file
    return Task {
      try await Program.run(Programs.fleet, words + ["--fleet", file], deadline: .seconds(120))
    }
  }

  @Test func wedgedRequestsAreNamedAndEndAtTheDeadline() async throws {
    let demo = try await Demo(traffic: 0, fault: "miami-03/a latency=90s")
    let node = try demo.node("miami-03/a")
    // One that computes for ever, as far as its client can tell, and one that is half sent.
    let pixels = [String](repeating: "0", count: 64).joined(separator: ",")
    let tensor = #"{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","data":[\#(pixels)]}"#
    let body = #"{"id":"till 4","inputs":[\#(tensor)]}"#
    let url = "http://\(node.http)/v2/models/tag-reader/infer"
    let curl = Task {
      try await Program.run(
        URL(filePath: "/usr/bin/curl"),
        ["-s", "-w", " status %{http_code}", "--json", body, url],
        deadline: .seconds(60)
      )
    }
    try await demo.expectNode(node.name, within: .seconds(10), "it is in flight") { $0.models.first?.in_flight == 1 }
    let half = wedge(node, id: "half")
    // By the time of this answer it has begun.
    _ = try await demo.status()
    let drain = order(["drain", node.name, "--reason", "new fan", "--deadline", "6s"], demo)
    try await demo.expectNode(node.name, within: .seconds(4), "the oldest is named") {
      $0.drain?.oldest?.id == "till 4" && $0.drain?.oldest?.model == "tag-reader"
        && $0.drain?.oldest?.client.hasPrefix("127.0.0.1:") == true && ($0.drain?.oldest?.age_s ?? 0) > 0
    }
    let result = try await drain.value
    #expect(result.status == 0, "\(result)")
    // The sibling has answered the one, the client of the other was told.
    let answer = try await curl.value
    #expect(answer.output.contains("status 200") && answer.output.contains(#""id":"till 4""#), "\(answer)")
    let refusal = try await half.value
    #expect(refusal.output.hasPrefix("HTTP/1.1 503"), "\(refusal)")
    try await demo.expectNode(node.name, within: .seconds(5), "one was lost") {
      $0.availability == "drained" && $0.drain?.cut_at_deadline == 1 && $0.drain?.oldest == nil
    }
    let log = try String(contentsOf: URL(filePath: node.state).appending(path: "fleetd.log"), encoding: .utf8)
    for words in ["'till 4'", "'half'", "was handed over to a sibling", "was refused"] {
      #expect(log.contains(words), "the log tells of \(words)")
    }
    _ = try await demo.stop()
  }

  @Test func killedAgentGoesOnInEveryStateOfADrain() async throws {
    let demo = try await Demo(traffic: 30)
    let name = "denver-02/a"
    let node = try demo.node(name)
    var drain: StatusDocument.Drain?
    func killAgent() async throws {
      let pid = try #require(try await demo.fleet("status", "--json").decoded(AgentDocument.self).pid(of: name))
      kill(pid, SIGKILL)
      #expect(await eventually(within: .seconds(5)) { !OperatingSystem.isAlive(pid) })
    }
    func expect(_ states: [String], _ what: Comment) async throws {
      try await demo.expectNode(name, within: .seconds(20), what) { node in
        node.engine?.state == "serving" && states.contains(node.availability ?? "")
          && node.drain?.reason == drain?.reason && node.drain?.deadline == drain?.deadline
      }
    }
    let half = wedge(node, id: "half")
    let draining = order(["drain", name, "--reason", "it smells burnt", "--deadline", "5m"], demo)
    try await demo.expectNode(name, within: .seconds(10), "it drains") {
      drain = $0.drain
      return $0.availability == "draining" && $0.drain?.oldest?.id == "half"
    }
    try await killAgent()
    try await expect(["draining", "drained"], "killed while it drains")
    _ = try await half.value
    _ = try await draining.value
    try await expect(["drained"], "what held it up is gone")
    try await killAgent()
    try await expect(["drained"], "killed when drained")
    let undrain = try await demo.fleet("undrain", name)
    #expect(undrain.status == 0, "\(undrain)")
    drain = nil
    try await killAgent()
    try await expect(["serving"], "killed when it serves again")
    let traffic = try await demo.stop()
    #expect(traffic.lost == 0 && traffic.wrong == 0, "\(traffic)")
  }

  private struct AgentDocument: Decodable {
    struct Node: Decodable {
      struct Agent: Decodable {
        var pid: Int32
      }
      var name: String
      var agent: Agent?
    }
    var nodes: [Node]

    func pid(of name: String) -> Int32? { nodes.first { $0.name == name }?.agent?.pid }
  }

  /// A short run of what `Tests/Benchmarks/drains.py` does a thousand times.
  @Test func drainsAndUndrainsInTurnLoseNothing() async throws {
    let result = try await Program.run(
      Self.python,
      [
        Programs.repository.appending(path: "Tests/Benchmarks/drains.py").path, "--cycles", "20", "--rate", "200",
      ],
      environment: ["FLEET_BUILD": Programs.folder.path],
      deadline: .seconds(300)
    )
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("passed: 20 cycles: 0 failed, 0 duplicated, 0 hung, 0 wrong"), "\(result)")
  }
}
