package import FoundationEssentials

/// What a node does for its clients.
package enum Availability: String, Sendable, Codable, CaseIterable {
  /// Answers requests itself.
  case serving
  /// Hands new requests to a sibling and finishes those in flight.
  case draining
  /// Measured: nothing in flight, engine idle. New requests are still handed on.
  case drained
}

/// Why and how far a node is drained. Absent while the node serves.
package struct DrainStatus: Sendable, Equatable, Codable {
  package var reason: String
  /// The person or rule that ordered it.
  package var orderedBy: String
  package var since: Date
  /// When what is still in flight is cut off.
  package var deadline: Date
  package var isForced: Bool
  /// Requests handed to a sibling since the drain began.
  package var handedOff: UInt64
  /// Requests that were still in flight at the deadline and were cut off.
  package var cutAtDeadline: UInt64
  /// Of what is in flight here, the request that came first; nil when nothing is, or nobody knows.
  package var oldest: FlightInfo?
  /// Who sends what is handed on, busiest first.
  package var clients: [ClientTraffic] = []
  /// Who takes it.
  package var targets: [HandOffTarget] = []

  /// What a drain is; the rest is measured anew in every frame.
  private enum CodingKeys: String, CodingKey {
    case reason, orderedBy, since, deadline, isForced, handedOff, cutAtDeadline
  }

  package init(
    reason: String,
    orderedBy: String,
    since: Date,
    deadline: Date,
    isForced: Bool,
    handedOff: UInt64 = 0,
    cutAtDeadline: UInt64 = 0
  ) {
    self.reason = reason
    self.orderedBy = orderedBy
    self.since = since
    self.deadline = deadline
    self.isForced = isForced
    self.handedOff = handedOff
    self.cutAtDeadline = cutAtDeadline
  }
}
