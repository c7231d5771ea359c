import FleetCore
import FoundationEssentials
import Testing

@testable import FleetConsole

@Suite struct DrainForecastTests {
  private static let a = NodeName(store: "denver-02", node: "a")
  private static let b = NodeName(store: "denver-02", node: "b")

  @Test func itForetellsWhoTakesOverAndWhatIsLeft() throws {
    let fleet = FleetFixture.measured()
    let forecast = DrainForecast([Self.b], of: fleet.state)
    #expect(forecast.isClear)
    let node = try #require(forecast.nodes.first)
    #expect(node.takers.map(\.name) == [Self.a] && node.inFlight == 2 && node.clients == nil)
    let model = try #require(node.models.first)
    #expect(model.load == .measured(70))
    #expect(model.capacityLeft == .estimated(100), "240 - 70 - 70")
    let now = try #require(model.p99Now.value)
    let expected = try #require(model.p99Expected.value)
    #expect(model.p99Expected.isEstimate && expected > now && expected < 50)
  }

  @Test func whatIsNotKnownSaysWhy() throws {
    let model = try #require(DrainForecast([Self.b], of: FleetFixture.healthy().state).nodes.first?.models.first)
    #expect(model.load.value != nil, "the rate is known from frames")
    #expect(model.capacityLeft.absence == "denver-02/a does not say its capacity")
    #expect(model.p99Expected.absence == "denver-02/a does not say its capacity")
  }

  @Test func tooMuchForTheSiblingNeedsForce() throws {
    let fleet = FleetFixture.healthy()
    fleet.run(seconds: 3) { frame, _ in
      frame.capacity = [ModelCapacity(model: "tag-reader", perSecond: .estimated(100), load: .measured(70))]
    }
    let forecast = DrainForecast([Self.b], of: fleet.state)
    let node = try #require(forecast.nodes.first)
    #expect(node.models.first?.capacityLeft == .estimated(-40))
    let text = "tag-reader@1: 40 requests/s more than its siblings serve within the service level"
    #expect(node.needsForce && node.obstacles == [text])
    fleet.run(seconds: 2) { frame, _ in
      frame.capacity = [ModelCapacity(model: "tag-reader", perSecond: .estimated(100), load: .measured(70))]
      if frame.node == Self.b { frame.health = .faulty }
    }
    let sick = try #require(DrainForecast([Self.b], of: fleet.state).nodes.first)
    #expect(!sick.needsForce && sick.doubts == [text], "any healthy one is better than a faulty one")
    #expect((node.models.first?.p99Expected.value ?? .infinity) > 50)
  }

  @Test func theLastServingNodeNeedsForce() throws {
    let node = try #require(DrainForecast([Self.a], of: FleetFixture.drained().state).nodes.first)
    #expect(node.needsForce && node.heirs.first?.obstacle == "drained itself")
    #expect(node.obstacles.count == 1 && node.obstacles[0].hasPrefix("the last serving node of denver-02: "))
    #expect(node.obstacles[0].hasSuffix(" requests/s would be refused"))
  }

  @Test func theOnlyNodeOfAStoreSaysWhatIsLost() throws {
    let fleet = FleetFixture(stores: ["austin-01"], nodes: ["a"])
    fleet.run(seconds: 20)
    let node = try #require(DrainForecast(fleet.names, of: fleet.state).nodes.first)
    #expect(node.needsForce && node.heirs.isEmpty)
    #expect(node.obstacles == ["the only node of austin-01: 60 requests/s would be refused"])
    #expect(
      DrainForecast(fleet.names, of: fleet.state).lines.contains(
        "  taken over by   nobody: the store has no other node"
      )
    )
  }

  @Test func nodesThatAreDrainedTogetherDoNotTakeOver() {
    let forecast = DrainForecast([Self.a, Self.b], of: FleetFixture.healthy().state)
    #expect(forecast.nodes.map(\.needsForce) == [true, true])
    #expect(forecast.nodes.map { $0.heirs.first?.obstacle } == ["would be drained too", "would be drained too"])
  }

  @Test func aSickNodeNeverStandsInItsOwnWay() throws {
    func forecast(_ a: Health, _ b: Health) throws -> DrainForecast.Node {
      let fleet = FleetFixture.healthy()
      fleet.run(seconds: 2) { frame, _ in
        if frame.node == Self.a { frame.health = a }
        if frame.node == Self.b { frame.health = b }
      }
      return try #require(DrainForecast([Self.a], of: fleet.state).nodes.first)
    }
    #expect(try forecast(.faulty, .healthy).obstacles.isEmpty)
    let last = try forecast(.healthy, .degraded)
    #expect(last.needsForce && last.heirs.map(\.obstacle) == ["degraded itself"])
    #expect(last.obstacles == ["the last healthy node of denver-02: nobody that is well takes over"])
    let both = try forecast(.faulty, .degraded)
    #expect(both.obstacles.isEmpty && both.doubts == ["no healthy sibling: denver-02/b is degraded"])
    #expect(try forecast(.faulty, .faulty).needsForce, "a broken one takes nothing over")
  }

  @Test func anUnreachableNodeHearsNoOrder() throws {
    let name = NodeName(store: "reno-03", node: "a")
    let fleet = FleetFixture.unreachable()
    let node = try #require(DrainForecast([name], of: fleet.state).nodes.first)
    #expect(node.obstacles == ["unreachable (connection refused by 10.0.2.1:7500): it hears no order"])
    let sibling = try #require(DrainForecast([NodeName(store: "reno-03", node: "b")], of: fleet.state).nodes.first)
    #expect(sibling.needsForce && sibling.heirs.first?.obstacle == "unreachable: connection refused by 10.0.2.1:7500")
  }

  @Test func aNodeThatDrainsNamesItsClients() throws {
    let node = try #require(DrainForecast([Self.b], of: FleetFixture.draining().state).nodes.first)
    #expect(node.clients?.map(\.address) == ["10.0.1.77", "10.0.1.80"])
    #expect(DrainForecast.affected(node) == "10.0.1.77 (41 requests/s), 10.0.1.80 (8.2 requests/s)")
  }

  /// Through today's point and the service level at the capacity, and steeper in between.
  @Test func theCurveGoesThroughWhatIsKnown() throws {
    func expected(_ more: Double) -> Double? {
      DrainForecast.Model.expected(
        p99: .measured(10),
        load: .measured(100),
        capacity: .estimated(300),
        more: .measured(more),
        limit: 50
      ).value
    }
    #expect(abs((expected(0) ?? 0) - 10) < 1e-9)
    #expect(abs((expected(200) ?? 0) - 50) < 1e-9)
    #expect(try #require(expected(100)) < 30, "no straight line")
    #expect(expected(1000) == nil, "the queue would grow")
  }

  @Test func theDocumentHasEveryKey() throws {
    let text = DrainForecast([Self.b], of: FleetFixture.healthy().state).encoded(fleet: "acme", isSimulated: false)
    for key in [
      "schema", "fleet", "simulated", "slo_p99_ms", "nodes", "node", "health", "availability", "would_drain",
      "needs_force", "obstacles", "doubts", "in_flight", "siblings", "takes_over", "obstacle", "models", "model",
      "version", "requests_per_s", "capacity_left_per_s", "p99_ms", "p99_expected_ms", "clients",
    ] { #expect(text.contains("\"\(key)\" :"), "\(key) in \(text)") }
  }
}
