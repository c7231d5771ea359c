import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetConsole

/// What differs from fleet.yaml, and that rollouts make it so.
@Suite struct FleetDifferenceTests {
  private static let old = TestVersion.tiny(1)
  private static let new = TestVersion.tiny(2)
  private static let next = TestVersion.tiny(3)

  private static func local(_ version: TestVersion) -> LocalModel {
    LocalModel(manifest: version.manifest, folder: "/nowhere")
  }

  private static let versions: [ModelVersion: Result<LocalModel, CommandError>] = [
    new.version: .success(local(new)), next.version: .success(local(next)),
  ]

  /// Version 2 everywhere, 3 on the canaries.
  private static func fleet(_ stores: [String: [String]], canary: Bool = true) throws -> FleetDefinition {
    let ahead = DesiredVersion.Canary(to: try QueryText(parsing: "austin-01"), number: 3)
    return FleetDefinition(
      name: "acme",
      models: [
        .init(name: "other", path: "/nowhere"),
        .init(name: "tag-reader", path: "/nowhere", desired: .init(number: 2, canary: canary ? ahead : nil)),
      ],
      stores: stores.sorted { $0.key < $1.key }.map { store, nodes in
        .init(name: store, nodes: nodes.map { .init(name: NodeName(store: store, node: $0), address: "h:1") })
      }
    )
  }

  private static func entry(_ version: TestVersion, _ role: RepositoryEntry.Role = .active, problem: String? = nil)
    -> RepositoryEntry
  {
    RepositoryEntry(version: version.version, digest: version.digest, bytes: 9, role: role, problem: problem)
  }

  private static func description(_ name: NodeName, _ repository: [RepositoryEntry]) -> NodeDescription {
    NodeDescription(
      name: name,
      agentVersion: BuildVersion.text,
      agentPID: 1,
      started: Date(),
      operatingSystem: "Linux",
      architecture: "x86_64",
      cores: 4,
      httpAddress: "127.0.0.1:8000",
      repository: repository
    )
  }

  /// One node for each way in which a node can be.
  private static func difference() throws -> FleetDifference {
    let fleet = try fleet([
      "austin-01": ["a", "b"], "denver-02": ["a", "b", "c"], "miami-03": ["a", "b", "c"],
    ])
    var trial = entry(new)
    trial.isProvisional = true
    var taken = entry(new)
    taken.digest = ModelDigest(ofManifest: [7])
    let repositories: [String: [RepositoryEntry]] = [
      "austin-01/a": [entry(next)], "austin-01/b": [entry(new)], "denver-02/a": [entry(new), entry(old, .previous)],
      "denver-02/b": [entry(old)], "miami-03/a": [trial], "miami-03/b": [taken],
      "miami-03/c": [entry(old), entry(new, .stored, problem: "crashed 3 times")],
    ]
    let answers = fleet.nodes.map(\.name).map { name -> (NodeName, Result<NodeDescription, CommandError>) in
      guard let repository = repositories[name.description] else {
        return (name, .failure(CommandError(.unreachable, "connection refused")))
      }
      return (name, .success(description(name, repository)))
    }
    return FleetDifference(fleet, survey: NodeSurvey(Dictionary(uniqueKeysWithValues: answers)), versions: versions)
  }

  @Test func eachNodeIsHeldAgainstWhatItShouldServe() throws {
    let found = try Self.difference().entries.map { entry in
      "\(entry.node) \(entry.desired.number) \(entry.state.rawValue): \(entry.reason)"
    }
    #expect(
      found == [
        "austin-01/a 3 same: ", "austin-01/b 3 differs: serves tag-reader@2", "denver-02/a 2 same: ",
        "denver-02/b 2 differs: serves tag-reader@1", "denver-02/c 2 unknown: connection refused",
        "miami-03/a 2 same: on probation", "miami-03/b 2 differs: serves other contents of that number",
        "miami-03/c 2 differs: serves tag-reader@1",
      ]
    )
  }

  @Test func theTextNamesWhatDiffersAndWhatIsUnknown() throws {
    #expect(
      try Self.difference().text == """
        NODE         SHOULD SERVE  SERVES        STATE    WHY
        austin-01/b  tag-reader@3  tag-reader@2  differs  serves tag-reader@2
        denver-02/b  tag-reader@2  tag-reader@1  differs  serves tag-reader@1
        denver-02/c  tag-reader@2  –             unknown  connection refused
        miami-03/a   tag-reader@2  tag-reader@2  same     on probation
        miami-03/b   tag-reader@2  tag-reader@2  differs  serves other contents of that number; tag-reader@2 is \
        \(ModelDigest(ofManifest: [7]).short) there and \(Self.new.digest.short) in the models folder; give one another number
        miami-03/c   tag-reader@2  tag-reader@1  differs  serves tag-reader@1; tag-reader@2 failed here before: crashed 3 \
        times; mend it and give it another number
        8 nodes of fleet 'acme': 3 same, 4 differ, 1 unknown

        """
    )
  }

  @Test func theDocumentHasEveryNodeAndEveryKey() throws {
    struct Document: Decodable {
      struct Row: Decodable {
        var node: String
        var desired: Int
        var served: Int?
        var state: String
        var obstacle: String?
        var is_provisional: Bool
        var simulated: Bool?
      }
      var schema: Int
      var fleet: String
      var simulated: Bool
      var same: Int
      var differs: Int
      var unknown: Int
      var nodes: [Row]
    }
    let text = try Self.difference().encoded()
    let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
    #expect(document.schema == 1 && document.fleet == "acme" && !document.simulated)
    #expect(document.same == 3 && document.differs == 4 && document.unknown == 1 && document.nodes.count == 8)
    let unknown = try #require(document.nodes.first { $0.state == "unknown" })
    #expect(unknown.served == nil && unknown.simulated == nil && unknown.desired == 2)
    #expect(document.nodes.first { $0.node == "miami-03/a" }?.is_provisional == true)
    #expect(document.nodes.count { $0.obstacle != nil } == 2)
    #expect(text.components(separatedBy: #""served" : "#).count == 9, "also where it is null")
  }

  @Test func oneRolloutAVersionGoesToThoseThatDiffer() throws {
    let difference = try Self.difference()
    let rollouts = difference.rollouts().map { "\($0.version): \($0.nodes.map(\.description).joined(separator: " "))" }
    #expect(rollouts == ["tag-reader@3: austin-01/b", "tag-reader@2: denver-02/b denver-02/c"])
    let busy: [ModelVersion: Set<NodeName>] = [Self.new.version: [NodeName(store: "denver-02", node: "b")]]
    #expect(
      difference.rollouts(except: busy).map(\.version) == [Self.next.version],
      "a job is at work on the one that differs, and the one that is unknown is no reason by itself"
    )
  }

  @Test func aVersionThatIsNotThereIsNamedOnce() throws {
    let fleet = try Self.fleet(["austin-01": ["a", "b"], "denver-02": ["a"]])
    let error = CommandError(.notFound, "no tag-reader@3 in /srv/m; there are versions 1, 2")
    let difference = FleetDifference(
      fleet,
      survey: NodeSurvey([:]),
      versions: [Self.next.version: .failure(error), Self.new.version: .success(Self.local(Self.new))]
    )
    #expect(
      difference.problems == [
        "tag-reader@3 should run, but cannot be pushed: no tag-reader@3 in /srv/m; there are versions 1, 2"
      ]
    )
    #expect(difference.text.contains("should run, but cannot be pushed"))
    #expect(difference.count(.unknown) == 3, "who did not answer is unknown, not equal")
  }

  /// A box that was replaced by an empty one gets its version with the next apply, and a canary its own.
  @Test(.timeLimit(.minutes(1))) func rolloutsMakeItSo() async throws {
    let nodes = try await RolloutFleet(stores: 3, nodesPerStore: 2)
    let names = nodes.agents.map(\.name)
    let stores = Dictionary(grouping: names, by: \.store).mapValues { $0.map(\.node) }
    let fleet = try Self.fleet(stores, canary: false)
    let wiped = SimulatedAgent(name: names[3])
    var agents: [any NodeAgent] = nodes.agents
    agents[3] = wiped
    let versions: [ModelVersion: Result<LocalModel, CommandError>] = [nodes.model.version: .success(nodes.model)]

    let before = FleetDifference(fleet, survey: await NodeSurvey(of: agents), versions: versions)
    #expect(before.entries.map(\.state) == Array(repeating: .differs, count: 6))
    #expect(before.entries[3].reason == "serves no version of tag-reader" && before.entries[3].isSimulated == true)
    let rollout = try #require(before.rollouts().first)
    #expect(rollout.nodes == names)
    let plan = RolloutPlan(
      id: "r1",
      version: rollout.version,
      digest: nodes.model.manifest.digest,
      nodes: rollout.nodes,
      strategy: try RolloutFleet.strategy(gate: "none"),
      orderedBy: "kim"
    )
    let job = RolloutJob(
      plan: plan,
      model: nodes.model,
      agents: AgentDirectory(agents),
      journal: MemoryJournal(),
      timing: .quick
    )
    let report = await job.run { _ in }
    #expect(report.state == "succeeded", "\(report.reason)")
    let after = FleetDifference(fleet, survey: await NodeSurvey(of: agents), versions: versions)
    #expect(after.count(.same) == 6 && after.rollouts().isEmpty, "\(after.text)")
  }

  @Test(.timeLimit(.minutes(1))) func silentNodesCostOneDeadline() async throws {
    let agents = (0..<100).map { SimulatedAgent(name: NodeName(store: "s\($0)", node: "a")) }
    for agent in agents { await agent.setPaused(true) }
    let survey = await NodeSurvey(of: agents, limit: .milliseconds(300))
    let failures = survey.answers.values.count { answer in
      if case .failure = answer { true } else { false }
    }
    #expect(failures == 100)
  }
}
