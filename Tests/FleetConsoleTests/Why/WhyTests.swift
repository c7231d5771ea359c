import FleetCore
import Foundation
import Testing

@testable import FleetConsole

/// What `fleet why` says, as text files in `Golden/`; RECORD_SNAPSHOTS=1 writes them anew.
@Suite struct WhyTests {
  private static let sick = NodeName(store: "denver-02", node: "b")

  /// A node that is slow from second 41 on, after a push.
  static func slow(change: (inout Frame) -> Void = { _ in }) -> FleetFixture {
    let fleet = FleetFixture()
    fleet.run(seconds: 60) { frame, second in
      guard frame.node == sick, second > 46 else { return }
      frame.health = .degraded
      frame.findings = [
        Finding(
          .latency,
          health: .degraded,
          text: "p99 131 ms is over the SLO of 50 ms for 19 s",
          since: FleetFixture.start.addingTimeInterval(41),
          value: 131.04,
          limit: 50,
          unit: "ms",
          samples: 690
        )
      ]
      frame.reasons = frame.findings.map(\.text)
      frame.injectedFault = "latency=100ms after=40s"
      change(&frame)
    }
    fleet.describe()
    fleet.tellChanges(of: sick)
    return fleet
  }

  private static let scenes: [(String, @Sendable () -> FleetFixture, NodeName)] = [
    ("why-slow", { slow() }, sick),
    ("why-healthy", { FleetFixture.healthy() }, sick),
    ("why-unreachable", { FleetFixture.unreachable() }, NodeName(store: "reno-03", node: "a")),
    ("why-drained", { FleetFixture.drained() }, sick),
    ("why-old-agent", { FleetFixture.degraded() }, sick),
    ("why-never-heard", { neverHeard() }, sick),
  ]

  static func neverHeard() -> FleetFixture {
    let fleet = FleetFixture()
    fleet.run(seconds: 10, silent: [sick])
    fleet.send(.linkLost(sick, "connection refused by 10.0.1.1:7500"))
    return fleet
  }

  @Test(arguments: scenes.map(\.0))
  func text(_ name: String) throws {
    let scene = try #require(Self.scenes.first { $0.0 == name })
    let why = try #require(Why(scene.2, in: scene.1().state))
    try Self.compare(why.text(), name)
  }

  @Test func theDocumentHasEveryKey() throws {
    let why = try #require(Why(Self.sick, in: Self.slow().state))
    let document = try #require(try JSONSerialization.jsonObject(with: Data(why.encoded().utf8)) as? [String: Any])
    #expect(
      Set(document.keys) == [
        "schema", "node", "time", "condition", "availability", "simulated", "age_s", "link_error", "summary", "since",
        "findings", "reasons", "injected_fault", "median_ms", "changes", "siblings", "numbers", "advice",
      ]
    )
    let finding = try #require((document["findings"] as? [[String: Any]])?.first)
    #expect(finding["rule"] as? String == "latency" && finding["value"] as? Double == 131.04)
    #expect(finding["limit"] as? Double == 50 && finding["samples"] as? Int == 690)
    let changes = try #require(document["changes"] as? [[String: Any]])
    #expect(changes.map { $0["seconds_before"] as? Double } == [11, 1])
    let silent = try #require(Why(Self.sick, in: Self.neverHeard().state))
    let empty = try #require(try JSONSerialization.jsonObject(with: Data(silent.encoded().utf8)) as? [String: Any])
    #expect(Set(empty.keys) == Set(document.keys))
    #expect(empty["age_s"] is NSNull && empty["since"] is NSNull && empty["availability"] is NSNull)
  }

  @Test func whatWasDoneJustBeforeIsFoundAndWhatIsFarIsNot() throws {
    let why = try #require(Why(Self.sick, in: Self.slow().state))
    #expect(
      why.changes.map(\.change.text) == ["drained: to see", "activated tag-reader@1 after tag-reader@4"]
    )
    #expect(why.since == FleetFixture.start.addingTimeInterval(41))
    let cause = "the likely cause came just before (activated tag-reader@1 after tag-reader@4): "
    #expect(why.advice.first == cause + "fleet rollback tag-reader --to denver-02/b")
  }

  @Test func nobodyIsToldToDrainTheLastServingNode() throws {
    let fleet = Self.slow()
    let sibling = NodeName(store: "denver-02", node: "a")
    fleet.run(seconds: 8, silent: [sibling])
    let why = try #require(Why(Self.sick, in: fleet.state))
    #expect(why.siblings.map(\.condition) == [.unreachable])
    #expect(!why.advice.contains { $0.contains("fleet drain") })
  }

  @Test func aNodeOfAnotherFleetIsNobody() {
    #expect(Why(NodeName(store: "nowhere", node: "a"), in: FleetFixture().state) == nil)
  }

  private static func compare(_ text: String, _ name: String) throws {
    let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Golden/\(name).txt")
    if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
      try text.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("recorded \(name)")
    } else {
      #expect(try text == String(contentsOf: file, encoding: .utf8), "\(name)")
    }
  }
}

extension FleetFixture {
  /// As its agent tells it.
  fileprivate func tellChanges(of name: NodeName) {
    guard var description = state.node(name)?.description else { return }
    func change(_ second: Double, _ kind: NodeChange.Kind, _ text: String, by name: String? = nil) -> NodeChange {
      NodeChange(time: Self.start.addingTimeInterval(second), kind: kind, text: text, orderedBy: name)
    }
    description.changes = [
      change(-4000, .agentStarted, "agent 0.1.0 started"),
      change(30, .drained, "drained: to see", by: "kim"),
      change(40, .activated, "activated tag-reader@1 after tag-reader@4"),
    ]
    send(.described(name, description))
  }
}
