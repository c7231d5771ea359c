package import FleetCore
package import FoundationEssentials

/// Where a node stands between serving and drained, and what has to be done next. No I/O and no clock of its own.
///
/// Legal moves:
///
///     serving ─order─▶ draining ─nothing in flight in two reports─▶ drained
///        ▲                │  ▲                                         │
///        │                │  └─ deadline: cut what is left, once       │
///        └──── undrain ───┴─────────────── undrain ────────────────────┘
package struct DrainState: Sendable, Equatable, Codable {
  package enum Action: Sendable, Equatable {
    case none
    /// The deadline has passed with this many requests in flight: they have to be cut off.
    case cut
    /// Something changed that must outlive the agent.
    case save
  }

  /// Reports without a request in flight that make a node drained.
  package static let quietReports = 2

  package private(set) var availability = Availability.serving
  /// Nil while serving.
  package private(set) var status: DrainStatus?
  private var isCut = false
  private var quiet = 0
  private var lastHandedOff: UInt64?

  package init() {}

  /// What has to survive a restart of the agent; the rest is measured anew.
  private enum CodingKeys: String, CodingKey {
    case availability, status, isCut
  }

  /// False when it is under way already: an order repeated changes nothing.
  package mutating func order(_ order: DrainOrder, at date: Date) -> Bool {
    guard availability == .serving else { return false }
    availability = .draining
    quiet = 0
    isCut = false
    lastHandedOff = nil
    status = DrainStatus(
      reason: order.reason,
      orderedBy: order.orderedBy,
      since: date,
      deadline: date.addingTimeInterval(order.deadline.seconds),
      isForced: order.isForced
    )
    return true
  }

  /// False when it is serving already.
  package mutating func undrain() -> Bool {
    guard availability != .serving else { return false }
    self = DrainState()
    return true
  }

  /// Takes a new report of the engine. `inFlight` is nil when no engine says, which is not zero. `handedOff` never goes back while the agent
  /// lives.
  package mutating func observe(inFlight: UInt64?, handedOff: UInt64, at date: Date) -> Action {
    guard availability != .serving else { return .none }
    if let last = lastHandedOff, handedOff > last { status?.handedOff += handedOff - last }
    lastHandedOff = handedOff
    guard availability == .draining else { return .none }
    quiet = inFlight == 0 ? quiet + 1 : 0
    if quiet >= Self.quietReports {
      availability = .drained
      return .save
    }
    if let status, date >= status.deadline, !isCut, inFlight != 0 {
      isCut = true
      self.status?.cutAtDeadline += inFlight ?? 0
      return .cut
    }
    return .none
  }
}
