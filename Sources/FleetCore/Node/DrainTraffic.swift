/// A request in flight.
package struct FlightInfo: Sendable, Equatable, Codable {
  /// The client's own, or one that the engine gave it.
  package var id: String
  package var model: String
  /// Where it came from, HOST:PORT.
  package var client: String
  /// How long ago it came.
  package var seconds: Double

  package init(id: String, model: String, client: String, seconds: Double) {
    self.id = id
    self.model = model
    self.client = client
    self.seconds = seconds
  }
}

/// A client whose requests are still handed on: an app that has to be pointed elsewhere before the box is unplugged.
package struct ClientTraffic: Sendable, Equatable, Codable {
  package static let maximumCount = 16

  /// Its host, without the port.
  package var address: String
  package var perSecond: Double

  package init(address: String, perSecond: Double) {
    self.address = address
    self.perSecond = perSecond
  }
}

/// A sibling that takes a draining node's requests.
package struct HandOffTarget: Sendable, Equatable {
  package var name: NodeName
  package var isServing: Bool
  /// Of all that it has in flight; nil when it does not say.
  package var inFlight: UInt64?
  /// Requests that it is handed a second; nil when that is not known.
  package var perSecond: Double?

  package init(name: NodeName, isServing: Bool, inFlight: UInt64? = nil, perSecond: Double? = nil) {
    self.name = name
    self.isServing = isServing
    self.inFlight = inFlight
    self.perSecond = perSecond
  }
}
