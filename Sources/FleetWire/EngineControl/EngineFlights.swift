package import FleetCore

/// What an engine has in flight: requests that it has not answered to the last byte.
///
/// While it hands off, those that siblings answer are not among them, nor those that began to arrive after it began to: they go on.
package struct EngineFlights: Sendable, Equatable, Codable {
  package var count: UInt64
  package var oldest: FlightInfo?

  package init(count: UInt64, oldest: FlightInfo? = nil) {
    self.count = count
    self.oldest = oldest
  }
}

/// Who has sent requests since the engine began to hand off, and who has answered them.
package struct EngineHandOff: Sendable, Equatable, Codable {
  package struct Count: Sendable, Equatable, Codable {
    /// A client's host, or a sibling's HOST:PORT as the engine was told it.
    package var address: String
    package var requests: UInt64

    package init(address: String, requests: UInt64) {
      self.address = address
      self.requests = requests
    }
  }

  package var clients: [Count]
  package var siblings: [Count]

  package init(clients: [Count] = [], siblings: [Count] = []) {
    self.clients = clients
    self.siblings = siblings
  }
}

/// What became of the requests that were in flight when an engine was told to cut them off.
package struct EngineCut: Sendable, Equatable, Codable {
  package enum Outcome: String, Sendable, Codable, CaseIterable {
    /// A sibling has answered it.
    case handedOver
    /// Its client was told that it is not answered.
    case refused
    /// Its client did not take what was sent, or did not send on; the connection was closed, or the call's stream.
    case closed
  }

  package struct Request: Sendable, Equatable, Codable {
    package var flight: FlightInfo
    package var outcome: Outcome

    package init(flight: FlightInfo, outcome: Outcome) {
      self.flight = flight
      self.outcome = outcome
    }
  }

  /// More are counted, but not named.
  package static let maximumNamed = 256

  /// The oldest first.
  package private(set) var requests: [Request]
  /// Refused or closed.
  package private(set) var lost: UInt64
  package private(set) var handedOver: UInt64

  package init(_ requests: [Request] = []) {
    self.requests = Array(requests.sorted { $0.flight.seconds > $1.flight.seconds }.prefix(Self.maximumNamed))
    handedOver = UInt64(requests.count { $0.outcome == .handedOver })
    lost = UInt64(requests.count) - handedOver
  }
}
