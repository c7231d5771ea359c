import FleetCore
import FoundationEssentials

private let maximumTargets = 256

extension Fleet_V1_DrainStatus {
  init(_ drain: DrainStatus) {
    self.init()
    reason = WireValue.shortened(drain.reason)
    orderedBy = WireValue.shortened(drain.orderedBy)
    since = drain.since.wireNanoseconds
    deadline = drain.deadline.wireNanoseconds
    isForced = drain.isForced
    handedOff = drain.handedOff
    cutAtDeadline = drain.cutAtDeadline
    if let flight = drain.oldest { oldest = Fleet_V1_FlightInfo(flight) }
    clients = drain.clients.prefix(ClientTraffic.maximumCount).map(Fleet_V1_ClientTraffic.init)
    targets = drain.targets.prefix(maximumTargets).map(Fleet_V1_HandOffTarget.init)
  }
}

extension DrainStatus {
  init(wire: Fleet_V1_DrainStatus) throws(CommandError) {
    self.init(
      reason: try WireValue.text(wire.reason, "drain.reason"),
      orderedBy: try WireValue.text(wire.orderedBy, "drain.ordered_by"),
      since: Date(wireNanoseconds: wire.since),
      deadline: Date(wireNanoseconds: wire.deadline),
      isForced: wire.isForced,
      handedOff: try WireValue.count(wire.handedOff, "drain.handed_off"),
      cutAtDeadline: try WireValue.count(wire.cutAtDeadline, "drain.cut_at_deadline")
    )
    oldest = wire.hasOldest ? try FlightInfo(wire: wire.oldest, "drain.oldest") : nil
    clients = try WireValue.list(wire.clients, atMost: ClientTraffic.maximumCount, "drain.clients")
      .map { (entry) throws(CommandError) in try ClientTraffic(wire: entry, "drain.clients") }
    targets = try WireValue.list(wire.targets, atMost: maximumTargets, "drain.targets")
      .map { (entry) throws(CommandError) in try HandOffTarget(wire: entry, "drain.targets") }
  }
}

extension Fleet_V1_FlightInfo {
  init(_ flight: FlightInfo) {
    self.init()
    id = WireValue.shortened(flight.id)
    model = WireValue.shortened(flight.model)
    client = WireValue.shortened(flight.client)
    seconds = flight.seconds
  }
}

extension FlightInfo {
  init(wire: Fleet_V1_FlightInfo, _ field: String) throws(CommandError) {
    self.init(
      id: try WireValue.text(wire.id, "\(field).id"),
      model: try WireValue.text(wire.model, "\(field).model"),
      client: try WireValue.text(wire.client, "\(field).client"),
      seconds: try WireValue.number(wire.seconds, "\(field).seconds")
    )
  }
}

extension Fleet_V1_ClientTraffic {
  init(_ client: ClientTraffic) {
    self.init()
    address = WireValue.shortened(client.address)
    perSecond = client.perSecond
  }
}

extension ClientTraffic {
  init(wire: Fleet_V1_ClientTraffic, _ field: String) throws(CommandError) {
    self.init(
      address: try WireValue.text(wire.address, "\(field).address"),
      perSecond: try WireValue.number(wire.perSecond, "\(field).per_second")
    )
  }
}

extension Fleet_V1_HandOffTarget {
  init(_ target: HandOffTarget) {
    self.init()
    node = target.name.description
    isServing = target.isServing
    if let count = target.inFlight { inFlight = count }
    if let rate = target.perSecond { perSecond = rate }
  }
}

extension HandOffTarget {
  init(wire: Fleet_V1_HandOffTarget, _ field: String) throws(CommandError) {
    self.init(
      name: try WireValue.nodeName(wire.node, "\(field).node"),
      isServing: wire.isServing,
      inFlight: wire.hasInFlight ? try WireValue.count(wire.inFlight, "\(field).in_flight") : nil,
      perSecond: wire.hasPerSecond ? try WireValue.number(wire.perSecond, "\(field).per_second") : nil
    )
  }
}
