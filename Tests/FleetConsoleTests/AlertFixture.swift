import FleetCore
import FoundationEssentials

@testable import FleetConsole

enum AlertFixture {
  /// Two that are open, one of them at several stores, one that somebody has, and two that are over.
  static func list() -> [Alert] {
    var alerts = [
      alert(
        12,
        .latency,
        "tag-reader@1",
        "denver-02",
        .critical,
        "p99 110 ms is over the SLO of 50 ms for 10 s",
        ["b"],
        48
      ),
      alert(11, .certificate, "", nil, .warning, "the certificate ends in 12 days", [], 20),
      alert(10, .disk, "", "reno-03", .warning, "the disk is full to 96%", ["a"], 12),
      alert(9, .engine, "", "austin-01", .critical, "the engine ended 3 times within 5 min", ["a"], 5),
      alert(
        8,
        .unreachable,
        "",
        "reno-03",
        .critical,
        "unreachable, and nobody else in the store answers",
        ["a", "b"],
        2
      ),
    ]
    alerts[1].nodes = ["austin-01/a", "denver-02/a", "reno-03/a", "reno-03/b"].compactMap { NodeName($0) }
    alerts[2].acknowledgement = Alert.Acknowledgement(by: "lee", time: time(30))
    alerts[2].tell(.acknowledged, at: time(30))
    alerts[3].resolved = time(40)
    alerts[3].count = 4
    alerts[3].resolution = "over"
    alerts[3].tell(.resolved, at: time(40))
    alerts[4].resolved = time(35)
    alerts[4].resolution = "over"
    alerts[4].tell(.resolved, at: time(35))
    return alerts
  }

  private static func alert(
    _ id: Int,
    _ kind: AlertKind,
    _ subject: String,
    _ store: String?,
    _ severity: AlertSeverity,
    _ text: String,
    _ nodes: [String],
    _ seconds: Double
  ) -> Alert {
    Alert(
      id: id,
      cause: AlertCause(kind, subject: subject, store: store),
      severity: severity,
      text: text,
      nodes: nodes.map { NodeName(store: store ?? "", node: $0) },
      raised: time(seconds)
    )
  }

  private static func time(_ seconds: Double) -> Date { FleetFixture.start.addingTimeInterval(seconds) }
}

extension FleetFixture {
  static func withAlerts() -> FleetFixture {
    let fleet = degraded()
    fleet.send(.alerts(AlertReading(alerts: AlertFixture.list(), watcher: "process 4711 since 12:00"), recorded: nil))
    return fleet
  }

  /// A node whose rules say what they were told from, and what was done to it before.
  static func explained() -> FleetFixture {
    let fleet = FleetFixture.healthy()
    let name = NodeName(store: "denver-02", node: "b")
    fleet.run(seconds: 30) { frame, second in
      guard frame.node == name, second > 70 else { return }
      frame.health = .faulty
      frame.injectedFault = "latency=100ms after=40s"
      frame.findings = [
        Finding(
          .latency,
          subject: "tag-reader",
          health: .faulty,
          text: "p99 110 ms is over the SLO of 50 ms for 19 s",
          since: start.addingTimeInterval(71),
          value: 110,
          limit: 50,
          unit: "ms",
          samples: 4300
        ),
        Finding(
          .latencyOfSiblings,
          subject: "tag-reader",
          health: .degraded,
          text: "p99 is 22 times that of denver-02/a",
          since: start.addingTimeInterval(74),
          value: 22,
          limit: 3
        ),
      ]
      frame.reasons = frame.findings.map(\.text)
      frame.autoDrain = AutoDrainStatus(mode: .shadow, stage: .wouldDrain, text: "faulty for 19 s")
    }
    if var description = fleet.state.node(name)?.description {
      description.changes = [
        NodeChange(time: start.addingTimeInterval(-4000), kind: .agentStarted, text: "the agent was started"),
        NodeChange(
          time: start.addingTimeInterval(64),
          kind: .activated,
          text: "serves tag-reader@1 (before: tag-reader@4)",
          orderedBy: "kim"
        ),
      ]
      fleet.send(.described(name, description))
    }
    fleet.send(.alerts(AlertReading(alerts: AlertFixture.list()), recorded: nil))
    return fleet
  }

  /// A drain that a request holds up, with what its node says of it.
  static func draining() -> FleetFixture {
    let fleet = healthy()
    fleet.run(seconds: 12) { frame, second in
      guard frame.node.description == "denver-02/b" else { return }
      frame.availability = .draining
      frame.models[0].inFlight = 3
      var drain = DrainStatus(
        reason: "fan is loud",
        orderedBy: "kim",
        since: start.addingTimeInterval(61),
        deadline: start.addingTimeInterval(121),
        isForced: false,
        handedOff: UInt64(second - 60) * 70
      )
      drain.oldest = FlightInfo(id: "req-81f3", model: "tag-reader", client: "10.0.1.77:50112", seconds: 11.2)
      drain.clients = [
        ClientTraffic(address: "10.0.1.77", perSecond: 41.3), ClientTraffic(address: "10.0.1.80", perSecond: 8.2),
      ]
      drain.targets = [
        HandOffTarget(name: NodeName(store: "denver-02", node: "a"), isServing: true, inFlight: 5, perSecond: 49.5)
      ]
      frame.drain = drain
    }
    return fleet
  }

  /// Nodes that say what they could serve.
  static func measured() -> FleetFixture {
    let fleet = healthy()
    fleet.run(seconds: 3) { frame, _ in
      frame.capacity = [ModelCapacity(model: "tag-reader", perSecond: .estimated(240), load: .measured(70))]
    }
    return fleet
  }
}
