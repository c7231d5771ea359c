import FleetCore
import FoundationEssentials
import Synchronization
import Terminal
import Testing

@testable import FleetConsole

@Suite struct AlertScreenTests {
  @Test func nothingIsRaisedBeforeWhatIsOpenIsKnown() {
    let fleet = FleetFixture.degraded()
    #expect(fleet.state.alertObservation == nil)
    fleet.send(.alerts(AlertReading(alerts: []), recorded: nil))
    #expect(fleet.state.alertObservation?.sightings.isEmpty == true)
  }

  @Test func whatHoldsIsWrittenDownOnceAndAgainWhenThatFailed() throws {
    let fleet = FleetFixture.healthy()
    fleet.send(.alerts(AlertReading(alerts: []), recorded: nil))
    func recordings(_ seconds: Int) -> [AlertObservation] {
      var found: [AlertObservation] = []
      for _ in 0..<seconds {
        fleet.run(seconds: 1) { frame, _ in
          guard frame.node.description == "denver-02/b" else { return }
          frame.health = .faulty
          frame.findings = [Finding(.latency, subject: "tag-reader", health: .faulty, text: "p99 \(fleet.seconds) ms")]
        }
        // `run` ticks already; the next look is a second later.
        fleet.seconds += 1
        for case .readAlerts(let observation?) in fleet.send(.tick) { found.append(observation) }
      }
      return found
    }
    _ = recordings(1)
    let seen = try #require(recordings(3).last)
    #expect(seen.sightings.map(\.node.description) == ["denver-02/b"])
    #expect(seen.sightings[0].symptom.subject == "tag-reader@1", "the version, which other nodes serve too")
    #expect(!recordings(2).isEmpty, "nobody has said yet that it is written down")
    fleet.send(.alerts(AlertReading(alerts: []), recorded: seen))
    #expect(recordings(5).isEmpty, "its text changes, what it is about does not")
  }

  @Test func anAlertIsTakenOnOnceAndItsNodeOpened() {
    let fleet = FleetFixture.withAlerts()
    fleet.press(.character("A"))
    #expect(fleet.press(.character("a")) == [.acknowledgeAlert(12)])
    #expect(fleet.press(.character("a")).isEmpty)
    #expect(fleet.state.interface.notice == "alert 12: it is being written down")
    var alerts = AlertFixture.list()
    alerts[0].acknowledgement = Alert.Acknowledgement(by: "kim", time: FleetFixture.start)
    fleet.send(.alertAcknowledged(12, .success(AlertReading(alerts: alerts))))
    #expect(fleet.state.interface.notice == "alert 12: you have it")
    fleet.press(.character("a"))
    #expect(fleet.state.interface.notice == "kim has alert 12 already")
    fleet.press(.enter)
    #expect(fleet.state.interface.page == .node(NodeName(store: "denver-02", node: "b")))
    fleet.press(.character("A"), .end, .character("a"))
    #expect(fleet.state.interface.notice == "alert 8 is resolved already")
  }

  @Test func takingOnThatFailsSaysWhy() {
    let fleet = FleetFixture.withAlerts()
    fleet.press(.character("A"), .character("a"))
    fleet.send(.alertAcknowledged(12, .failure(CommandError(.noSpace, "no space left"))))
    #expect(fleet.state.interface.notice == "no space left")
    #expect(fleet.press(.character("a")) == [.acknowledgeAlert(12)], "it may be tried again")
  }

  @Test func theFleetsLineTellsOfAlertsThatNobodyHas() {
    let fleet = FleetFixture.withAlerts()
    #expect(fleet.screen(160, 50).text.prefix { $0 != "\n" }.contains("✖ 2 alerts"))
    var alerts = AlertFixture.list()
    for index in alerts.indices where alerts[index].isOpen {
      alerts[index].acknowledgement = Alert.Acknowledgement(by: "kim", time: FleetFixture.start)
    }
    fleet.send(.alerts(AlertReading(alerts: alerts), recorded: nil))
    #expect(!fleet.screen(160, 50).text.prefix { $0 != "\n" }.contains("alert"))
  }

  @Test func whatBecomesOfAlertsIsLogged() {
    let fleet = FleetFixture.withAlerts()
    var alerts = AlertFixture.list()
    alerts[0].tell(.returned, at: FleetFixture.start)
    alerts[0].count = 3
    fleet.send(.alerts(AlertReading(alerts: alerts), recorded: nil))
    fleet.send(.alerts(AlertReading(alerts: alerts), recorded: nil))
    let told = fleet.state.log.events.filter { $0.text.hasPrefix("alert ") }.map(\.text)
    #expect(
      told == [
        "alert 12 returned: denver-02/b (tag-reader@1): p99 110 ms is over the SLO of 50 ms for 10 s; came 3 times"
      ]
    )
  }

  @Test func alertsThatCannotBeReadSaySoAndAreTriedAgain() {
    let fleet = FleetFixture.withAlerts()
    fleet.press(.character("A"))
    fleet.send(.alertsUnread(CommandError(.timeout, "the disk with the alerts does not answer")))
    fleet.send(.alertsUnread(CommandError(.timeout, "the disk with the alerts does not answer")))
    #expect(fleet.state.log.events.count { $0.text.hasPrefix("the alerts cannot be read or written: ") } == 1)
    #expect(fleet.screen(120, 30).text.contains("cannot be read: the disk with the alerts does not answer"))
    fleet.seconds += 2
    #expect(fleet.send(.tick).contains { if case .readAlerts = $0 { true } else { false } })
  }

  @Test func whyNeedsOneNode() {
    let fleet = FleetFixture.degraded().selecting("denver-02/b")
    fleet.press(.up, .up, .character("w"))
    #expect(fleet.state.interface.notice == "select one node")
    fleet.press(.down, .down, .character("w"))
    #expect(fleet.state.interface.page == .why(NodeName(store: "denver-02", node: "b")))
    fleet.press(.escape)
    #expect(fleet.state.interface.page == .node(NodeName(store: "denver-02", node: "b")))
  }

  @Test func theStoryOfANodeScrollsToItsEnd() {
    let fleet = FleetFixture.explained().selecting("denver-02/b")
    fleet.send(.resized(Size(width: 80, height: 14)))
    fleet.press(.character("w"))
    #expect(!fleet.screen(80, 14).text.contains("alert 12"))
    fleet.press(.end)
    let bottom = fleet.screen(80, 14).text
    #expect(bottom.contains("alert 12"))
    fleet.press(.down, .pageDown)
    #expect(fleet.screen(80, 14).text == bottom)
  }

  /// A catalog in memory, as the disk would be.
  private final class MemoryAlerts: AlertCatalog {
    let book = Mutex(AlertBook())

    func read(recording observation: AlertObservation?) async throws(CommandError) -> AlertReading {
      book.withLock { book in
        if let observation { book.observe(observation, at: FleetFixture.start) }
        return AlertReading(alerts: book.alerts.reversed())
      }
    }

    func acknowledge(_ id: Int, by person: String) async throws(CommandError) -> AlertReading {
      do throws(CommandError) {
        return try book.withLock { book throws(CommandError) in
          try book.acknowledge(id, by: person, at: FleetFixture.start)
          return AlertReading(alerts: book.alerts.reversed())
        }
      } catch {
        throw error
      }
    }
  }

  @Test func aReadingThatWasAskedForMeanwhileIsTheLastOne() async throws {
    let catalog = MemoryAlerts()
    let node = NodeName(store: "denver-02", node: "b")
    let observation = AlertObservation(nodes: [node], sightings: [AlertSighting(node, .slow)])
    let reader = AlertReader()
    reader.ask(recording: observation)
    let (messages, sender) = AsyncStream.makeStream(of: Message.self)
    let reading = Task { await reader.run(catalog) { sender.yield($0) } }
    defer { reading.cancel() }
    var iterator = messages.makeAsyncIterator()
    guard case .alerts(let first, recorded: observation)? = await iterator.next() else {
      Issue.record("no reading")
      return
    }
    #expect(first.alerts.map(\.headline) == ["denver-02/b (tag-reader@2): p99 110 ms is over the SLO of 50 ms"])
    #expect(try await catalog.acknowledge(1, by: "kim").alerts[0].acknowledgement?.by == "kim")
  }
}
