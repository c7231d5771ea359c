internal import FleetCore

extension StatusDocument.NodeStatus {
  /// Where a node stands with draining itself.
  struct AutoDrain: Encodable {
    var mode: String
    var stage: String
    var text: String
    @ExplicitNull var since: String?
    @ExplicitNull var askingSince: String?

    init(_ status: AutoDrainStatus) {
      mode = status.mode.rawValue
      stage = status.stage.rawValue
      text = status.text
      since = status.since.map(StatusDocument.text)
      askingSince = status.askingSince.map(StatusDocument.text)
    }
  }

  /// Why and how far a node is drained, what holds that up, who still sends to it, and who answers them.
  struct Drain: Encodable {
    struct Flight: Encodable {
      var id: String
      var model: String
      var client: String
      var ageS: Double
    }

    struct Client: Encodable {
      var address: String
      var requestsPerS: Double
    }

    struct Target: Encodable {
      var name: String
      var isServing: Bool
      @ExplicitNull var inFlight: UInt64?
      @ExplicitNull var requestsPerS: Double?
    }

    var reason: String
    var orderedBy: String
    var since: String
    var deadline: String
    var isForced: Bool
    var handedOff: UInt64
    var cutAtDeadline: UInt64
    @ExplicitNull var oldest: Flight?
    var clients: [Client]
    var targets: [Target]

    init(_ drain: DrainStatus) {
      reason = drain.reason
      orderedBy = drain.orderedBy
      since = StatusDocument.text(drain.since)
      deadline = StatusDocument.text(drain.deadline)
      isForced = drain.isForced
      handedOff = drain.handedOff
      cutAtDeadline = drain.cutAtDeadline
      oldest = drain.oldest.map {
        Flight(id: $0.id, model: $0.model, client: $0.client, ageS: Self.tenths($0.seconds))
      }
      clients = drain.clients.map { Client(address: $0.address, requestsPerS: Self.tenths($0.perSecond)) }
      targets = drain.targets.map {
        Target(
          name: $0.name.description,
          isServing: $0.isServing,
          inFlight: $0.inFlight,
          requestsPerS: $0.perSecond.map(Self.tenths)
        )
      }
    }

    private static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
  }
}
