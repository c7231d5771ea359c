import Foundation
import Testing

/// `fleet why --json`, schema 1, as a reader of our documentation would declare it.
private struct WhyDocument: Decodable {
  struct Finding: Decodable {
    var rule: String
    var health: String
    var text: String
    var since: String?
    var value: Double?
    var limit: Double?
    var unit: String
    var samples: Int?
  }
  struct Split: Decodable {
    var total: Double
    var elsewhere: Double
    var main: String?
  }
  struct Change: Decodable {
    var kind: String
    var text: String
    var ordered_by: String?
    var seconds_before: Double?
  }
  struct Sibling: Decodable {
    var name: String
    var condition: String
    var p99_ms: Double?
  }
  var schema: Int
  var node: String
  var condition: String
  var summary: String
  var since: String?
  var findings: [Finding]
  var injected_fault: String?
  var median_ms: Split?
  var changes: [Change]
  var siblings: [Sibling]
  var advice: [String]
}

extension EndToEnd {
  /// The demo's faulty node, from the moment of the fault on.
  @Test func whyNamesTheFaultAndItsCauseWithin15Seconds() async throws {
    let wait = 20.0
    let demo = try await Demo(traffic: 120, fault: "denver-02/b latency=120ms after=\(Int(wait))s")
    func why(_ node: String) async throws -> WhyDocument {
      try await demo.fleet("why", node, "--json").decoded(WhyDocument.self)
    }
    // The fault counts from the start of the agent, which says when that was.
    let state = URL(filePath: try demo.node("denver-02/b").state)
    let changes = try JSONSerialization.jsonObject(with: Data(contentsOf: state.appending(path: "changes.json")))
    let first = try #require((changes as? [[String: Any]])?.first)
    #expect(first["kind"] as? String == "agent_started")
    let started = try #require(first["time"] as? Double)
    let fault = Date(timeIntervalSinceReferenceDate: started + wait)
    var document = try await why("denver-02/b")
    if Date() < fault { #expect(document.findings.isEmpty, "\(document)") }
    var named: Date?
    while named == nil, Date() < fault + 60 {
      document = try await why("denver-02/b")
      if document.findings.first?.rule == "latency" { named = Date() }
    }
    let took = try #require(named?.timeIntervalSince(fault), "the fault is named at all: \(document)")
    print("named \(took) s after the fault")
    #expect(took < 15)
    #expect(document.schema == 1 && document.condition == "degraded")
    let finding = try #require(document.findings.first)
    #expect(finding.value.map { $0 > 100 } == true && finding.limit == 50 && finding.unit == "ms", "\(finding)")
    #expect(finding.samples.map { $0 >= 20 } == true && finding.since != nil, "\(finding)")
    // The answers are late for no reason of the accelerator.
    #expect(document.median_ms?.main == "elsewhere", "\(document)")
    #expect(document.summary.contains("held up outside the accelerator"), "\(document.summary)")
    #expect(document.summary.contains("latency=120ms"), "\(document.summary)")
    #expect(document.siblings.map(\.name) == ["denver-02/a"])
    #expect(document.advice.contains { $0.contains("fleet drain denver-02/b") }, "\(document.advice)")
    for node in demo.report.nodes where node.name != "denver-02/b" {
      let other = try await why(node.name)
      #expect(other.condition == "healthy" && other.findings.isEmpty, "\(other)")
      #expect(other.summary == "\(node.name) is healthy: no rule has anything to say against it")
    }
    // What is done to a node is told with who did it.
    _ = try await demo.fleet("drain", "denver-02/b", "--reason", "it is slow")
    document = try await why("denver-02/b")
    let drain = try #require(document.changes.last { $0.kind == "drained" }, "\(document.changes)")
    #expect(drain.text == "drained: it is slow" && drain.ordered_by == NSUserName())
    let text = try await demo.fleet("why", "denver-02/b")
    #expect(text.status == 0 && text.output.contains("drained: it is slow"), "\(text)")
    _ = try await demo.stop()
  }

  @Test func whyOfOneThatIsAwayTellsWhatIsKnown() async throws {
    let demo = try await Demo(traffic: 0)
    let node = try demo.node("miami-03/a")
    kill(node.agent_pid, SIGSTOP)
    let result = try await demo.fleet("why", "miami-03/a")
    kill(node.agent_pid, SIGCONT)
    #expect(result.status == 3, "\(result)")
    #expect(result.output.contains("miami-03/a is unreachable"), "\(result)")
    #expect(result.output.contains("miami-03/b"), "\(result)")
    let several = try await demo.fleet("why", "miami-*")
    #expect(several.status == 2 && several.errors.contains("one node at a time"), "\(several)")
    _ = try await demo.stop()
  }
}
