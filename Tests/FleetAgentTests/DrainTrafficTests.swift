import FleetCore
import FleetTestSupport
import FleetWire
import Testing

@testable import FleetAgent

/// What a frame says of a drain: what holds it up, who still sends, and who takes it.
struct DrainTrafficTests {
  private typealias Count = EngineHandOff.Count

  @Test func ratesAreOfTheLastSeconds() {
    var rates = TrafficRates()
    let sibling = "10.0.1.6:8000"
    func report(_ requests: UInt64, quiet: UInt64 = 5) -> EngineHandOff {
      EngineHandOff(
        clients: [Count(address: "10.0.0.1", requests: requests), Count(address: "10.0.0.2", requests: quiet)],
        siblings: [Count(address: sibling, requests: requests)]
      )
    }
    rates.add(report(100), of: 1, at: 0)
    #expect(rates.clients.isEmpty && rates.perSecond(sibling) == nil, "one look says nothing of a rate")
    for second in 1...10 { rates.add(report(100 + 20 * UInt64(second)), of: 1, at: Double(second)) }
    #expect(rates.clients == [ClientTraffic(address: "10.0.0.1", perSecond: 20)])
    #expect(rates.perSecond(sibling) == 20)
    #expect(rates.perSecond("10.0.1.7:8000") == 0)
    // Looked at ten times a second it is the same, and a client that falls silent goes within the window.
    for tenth in 1...40 { rates.add(report(300), of: 1, at: 10 + Double(tenth) / 10) }
    #expect(rates.clients.isEmpty && rates.perSecond(sibling) == 0)
    // Another engine counts from the beginning.
    rates.add(report(3, quiet: 0), of: 2, at: 15)
    #expect(rates.perSecond(sibling) == nil)
    rates.add(report(5, quiet: 0), of: 2, at: 16)
    #expect(rates.perSecond(sibling) == 2)
    rates.add(nil, of: 2, at: 17)
    #expect(rates.clients.isEmpty && rates.perSecond(sibling) == nil)
  }

  @Test func onlyTheBusiestAreTold() {
    var rates = TrafficRates()
    for second in 0...1 {
      let clients = (1...40).map { Count(address: "10.0.0.\($0)", requests: UInt64($0 * second)) }
      rates.add(EngineHandOff(clients: clients), of: 1, at: Double(second))
    }
    #expect(rates.clients.count == ClientTraffic.maximumCount)
    #expect(rates.clients.first == ClientTraffic(address: "10.0.0.40", perSecond: 40))
    #expect(rates.clients.last?.perSecond == 25)
  }

  @Test func framesSayWhatHoldsADrainUpAndWhoStillSends() async throws {
    let names = ["b", "c"].map { NodeName(store: "austin-01", node: $0) }
    let node = try await TestNode(siblings: names)
    try await node.frame("is up") { $0.engine.state == .idle }
    let flight = FlightInfo(id: "till 4", model: "tag-reader", client: "10.0.0.1:5000", seconds: 30)
    let first = node.siblingAddresses[0]
    func counts(_ requests: UInt64) -> EngineHandOff {
      EngineHandOff(
        clients: [Count(address: "10.0.0.1", requests: requests)],
        siblings: [Count(address: first, requests: requests)]
      )
    }
    node.engines.change {
      $0.oldest = flight
      $0.handOff = counts(0)
    }
    _ = try await node.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: "ops")))
    // Within two seconds: in the second frame that tells of the drain, at the latest.
    let agent = node.agent
    let drains = try await within(.seconds(30), "names the oldest") {
      var drains: [Frame] = []
      for try await frame in agent.frames(FrameRequest(interval: .seconds(1))) where frame.drain != nil {
        drains.append(frame)
        if frame.drain?.oldest != nil { break }
      }
      return drains
    }
    #expect(drains.count <= 2)
    let frame = try #require(drains.last)
    #expect(frame.drain?.oldest == flight && frame.availability == .draining)
    #expect(
      frame.models.isEmpty,
      "no model counts it, so it arrives or is being sent: it holds the drain up all the same"
    )
    node.engines.change { $0.handOff = counts(50) }
    let busy = try await node.frame("says who sends") { $0.drain?.clients.isEmpty == false }
    let client = try #require(busy.drain?.clients.first)
    #expect(client.address == "10.0.0.1" && client.perSecond > 0)
    let targets = busy.drain?.targets ?? []
    #expect(targets.map(\.name) == names && targets.allSatisfy { $0.isServing && $0.inFlight == 7 })
    #expect((targets.first?.perSecond ?? 0) > 0 && targets.last?.perSecond == 0)
    node.setSiblings(ready: false)
    try await node.frame("says that they do not serve") { $0.drain?.targets.allSatisfy { !$0.isServing } == true }
    node.engines.change { $0.oldest = nil }
    let end = try await node.frame("is drained") { $0.availability == .drained }
    #expect(end.drain?.oldest == nil)
    await node.stop()
  }

  @Test func undrainDuringACutServesAgain() async throws {
    let node = try await TestNode()
    try await node.frame("is up") { $0.engine.state == .idle }
    let isCutting = Monitor(false)
    node.engines.change {
      $0.inFlight = 0
      $0.oldest = FlightInfo(id: "1", model: "m", client: "c:1", seconds: 1)
      $0.onCut = {
        isCutting.change { $0 = true }
        return nil
      }
    }
    let order = DrainOrder(reason: "fire", orderedBy: "ops", deadline: .zero, isForced: true)
    _ = try await node.agent.execute(.drain(order))
    try await eventually("the engine is told to cut") { isCutting.change { $0 } }
    #expect(try await node.agent.execute(.undrain(orderedBy: "ops")) == .serving)
    #expect(node.engines.started.last?.commands.last == .serve)
    let frame = try await node.frame("serves") { $0.availability == .serving }
    #expect(frame.drain == nil && node.engines.started.count == 1)
    await node.stop()
  }
}
