import FleetCore
import FoundationEssentials
import Testing

@testable import FleetConsole

@Suite struct AlertBookTests {
  @Test func oneCauseAtAStoreIsOneAlertWithItsNodes() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0), fleet.node(1, 1))
    fleet.run(10)
    #expect(fleet.book.alerts.count == 1)
    #expect(fleet.book.alerts[0].nodes == [fleet.node(1, 0), fleet.node(1, 1)])
    #expect(
      fleet.book.alerts[0].headline == "2 nodes of store-1 (tag-reader@2): p99 110 ms is over the SLO of 50 ms"
    )
    #expect(fleet.told.map(\.event) == [.raised])
  }

  @Test func aBadVersionInSixtyStoresIsOneAlert() {
    var fleet = AlertFleet(stores: 60, nodes: 1)
    for store in 1...60 { fleet.show(.slow, at: fleet.node(store)) }
    fleet.run(30)
    #expect(fleet.book.open.count == 1)
    #expect(fleet.book.open.first?.cause.store == nil && fleet.book.open.first?.nodes.count == 60)
    for node in fleet.nodes.dropFirst(1) { fleet.mend(node) }
    fleet.run(200)
    #expect(fleet.book.open.map(\.nodes) == [[fleet.node(1)]], "it stays the one alert until the last of them is well")
    fleet.mend(fleet.node(1))
    fleet.run(200)
    #expect(fleet.book.open.isEmpty)
    #expect(fleet.told.map(\.event) == [.raised, .resolved])
  }

  @Test func whatComesStoreByStoreBecomesOneAlert() {
    var fleet = AlertFleet(stores: 4, nodes: 1)
    for store in 1...4 {
      fleet.show(.slow, at: fleet.node(store))
      fleet.run(40)
    }
    #expect(fleet.book.open.map(\.cause.store) == [nil])
    #expect(fleet.book.open.first?.nodes.count == 4)
    let closed = fleet.book.alerts.filter { !$0.isOpen }
    #expect(closed.map(\.resolution) == ["part of alert 3", "part of alert 3"])
  }

  @Test func aStoreThatIsGoneIsOneAlertAndSaysNothingElse() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0))
    fleet.run(1)
    for index in 0...1 { fleet.lose(fleet.node(1, index), isStoreGone: true) }
    fleet.run(600)
    #expect(fleet.book.alerts.map(\.cause) == [AlertCause(.unreachable, store: "store-1")])
    #expect(fleet.book.alerts[0].severity == .critical)
  }

  @Test func theSecondNodeMakesItWorseAndHasToBeTakenOnAnew() throws {
    var fleet = AlertFleet()
    fleet.lose(fleet.node(1, 0))
    fleet.run(30)
    try fleet.book.acknowledge(1, by: "kim", at: fleet.date)
    #expect(fleet.book.alerts[0].acknowledgement?.by == "kim" && fleet.book.alerts[0].severity == .warning)
    for index in 0...1 { fleet.lose(fleet.node(1, index), isStoreGone: true) }
    fleet.run(30)
    #expect(fleet.book.alerts.count == 1)
    #expect(fleet.book.alerts[0].event == .worsened && fleet.book.alerts[0].acknowledgement == nil)
  }

  @Test func mostOfTheFleetGoneAtOnceIsOneAlert() {
    var fleet = AlertFleet(stores: 20, nodes: 2)
    for node in fleet.nodes { fleet.lose(node, isStoreGone: true) }
    fleet.run(30)
    #expect(fleet.book.alerts.count == 1 && fleet.book.alerts[0].nodes.count == 40)
    var few = AlertFleet(stores: 20, nodes: 2)
    for store in 1...4 { few.lose(few.node(store)) }
    few.run(30)
    #expect(few.book.open.count == 4, "lines of four stores are four causes")
  }

  @Test func anUnreachableNodeKeepsWhatItHadAndGetsNothingNew() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0))
    fleet.run(10)
    fleet.lose(fleet.node(1, 0))
    fleet.run(3600)
    #expect(fleet.book.open.map(\.cause.kind) == [.latency, .unreachable])
    fleet.mend(fleet.node(1, 0))
    fleet.run(59)
    #expect(fleet.book.open.count == 2, "well for a minute first")
    fleet.run(5)
    #expect(fleet.book.open.isEmpty)
  }

  @Test func oneThingBringsAnotherAndStaysOneAlert() {
    var fleet = AlertFleet()
    fleet.show(.slower, at: fleet.node(1, 0))
    fleet.run(30)
    fleet.show(AlertSymptom(.engine, .critical, "the engine is being restarted"), at: fleet.node(1, 0))
    fleet.run(30)
    #expect(fleet.book.alerts.count == 1)
    #expect(fleet.book.alerts[0].severity == .critical && fleet.book.alerts[0].text == "the engine is being restarted")
    fleet.show(AlertSymptom(.certificate, .warning, "the certificate ends in 20 days"), at: fleet.node(1, 0))
    fleet.run(30)
    #expect(fleet.book.open.count == 2, "a certificate has nothing to do with it")
  }

  @Test func aPassingWarningIsNoAlert() {
    var fleet = AlertFleet()
    fleet.show(.slower, at: fleet.node(1, 0))
    fleet.run(15)
    fleet.mend(fleet.node(1, 0))
    fleet.run(60)
    #expect(fleet.book.alerts.isEmpty)
  }

  /// A node that is well and not well by turns for two hours.
  @Test(arguments: [10.0, 70, 150, 600])
  func aFlappingNodeIsOneAlertWithACount(_ period: Double) async {
    var fleet = AlertFleet(stores: 1)
    let times = Int(7200 / period / 2)
    for _ in 0..<times {
      await Task.yield()
      fleet.show(.slow, at: fleet.node(1, 0))
      fleet.run(period, step: 5)
      fleet.mend(fleet.node(1, 0))
      fleet.run(period, step: 5)
    }
    #expect(fleet.book.alerts.count == 1)
    #expect(fleet.book.alerts[0].count > times / 2)
    #expect(fleet.told.count <= 14, "\(fleet.told)")
  }

  @Test func whatComesBackHoursLaterIsAnotherAlert() {
    var fleet = AlertFleet()
    for _ in 0..<3 {
      fleet.show(.slow, at: fleet.node(1, 0))
      fleet.run(60)
      fleet.mend(fleet.node(1, 0))
      fleet.run(2 * 3600, step: 5)
    }
    #expect(fleet.book.alerts.map(\.id) == [1, 2, 3] && fleet.book.open.isEmpty)
  }

  @Test func nodesOutOfViewStayAsTheyAre() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0), fleet.node(2, 0))
    fleet.run(10)
    #expect(fleet.book.open.count == 2)
    var other = AlertFleet()
    other.book = fleet.book
    other.seconds = fleet.seconds
    other.run(600, view: [other.node(2, 0), other.node(2, 1)])
    #expect(other.book.open.map(\.cause.store) == ["store-1"], "only what it looks at")
  }

  @Test func aConsoleThatHasJustComeTakesNothingBack() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0))
    fleet.run(5)
    #expect(fleet.book.open.count == 1)
    fleet.signals = AlertSignals()
    fleet.run(2)
    #expect(fleet.book.open.count == 1, "it has not looked for long enough")
    fleet.run(60)
    #expect(fleet.told.map(\.event) == [.raised])
  }

  @Test func aNewConsoleGoesOnWithWhatIsOpen() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0))
    fleet.run(300)
    fleet.signals = AlertSignals()
    fleet.signals.adopt(fleet.book.open, at: fleet.seconds)
    fleet.run(1)
    #expect(fleet.told.map(\.event) == [.raised])
    fleet.mend(fleet.node(1, 0))
    fleet.run(70)
    #expect(fleet.told.map(\.event) == [.raised, .resolved])
  }

  @Test func acknowledgingSaysWhatCannotBe() throws {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0))
    fleet.run(10)
    try fleet.book.acknowledge(1, by: "kim", at: fleet.date)
    try fleet.book.acknowledge(1, by: "lee", at: fleet.date)
    #expect(fleet.book.alerts[0].acknowledgement?.by == "kim", "who was first has it")
    #expect(fleet.book.alerts[0].revision == 2)
    #expect(throws: CommandError(.notFound, "no alert 7")) { try fleet.book.acknowledge(7, by: "kim", at: .now) }
    fleet.mend(fleet.node(1, 0))
    fleet.run(100)
    #expect(throws: CommandError(.conflict, "alert 1 is resolved: over")) {
      try fleet.book.acknowledge(1, by: "kim", at: .now)
    }
  }

  @Test func nodesThatFleetYAMLNamesNoMoreAreForgotten() {
    var fleet = AlertFleet()
    fleet.show(.slow, at: fleet.node(1, 0), fleet.node(1, 1), fleet.node(2, 0))
    fleet.run(10)
    fleet.book.forget(nodesOutside: [fleet.node(1, 1)], at: fleet.date)
    #expect(fleet.book.open.map(\.nodes) == [[fleet.node(1, 1)]])
    #expect(fleet.book.alerts.map(\.resolution) == ["", "fleet.yaml names no such node any more"])
  }
}
