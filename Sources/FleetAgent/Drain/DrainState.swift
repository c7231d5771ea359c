package import FleetCore
import FoundationEssentials

/// Where a node stands between serving and drained, and what has to be done next. No I/O and no clock of its own.
///
/// Legal moves:
///
///     serving ─order─▶ draining ─nothing in flight in two reports─▶ drained
///        ▲             │  ▲  ▲                                      │  │
///        │             │  │  └── a request in flight after all ─────┘  │
///        │             │  └─ deadline: cut what is left, once          │
///        └─── undrain ─┴──────────────── undrain ──────────────────────┘
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
  /// The deadline has done its work: what was in flight at the order has ended or was cut off.
  private var isCut = false
  private var quiet = 0
  private var lastHandedOff: UInt64?
  /// The deadline on the clock that never goes back. The date in `status` is for people and for the next agent.
  private var deadline: Double?

  package init() {}

  /// What has to survive a restart of the agent; the rest is measured anew.
  private enum CodingKeys: String, CodingKey {
    case availability, status, isCut
  }

  /// Starts to drain. A node that does so already, or is drained, takes over the new order's reason, deadline and force.
  package mutating func order(_ order: DrainOrder, at moment: AgentClock.Moment) {
    deadline = moment.seconds + order.deadline.seconds
    let date = moment.date.addingTimeInterval(order.deadline.seconds)
    if availability == .draining { isCut = false }
    guard availability == .serving else {
      status?.reason = order.reason
      status?.orderedBy = order.orderedBy
      status?.deadline = date
      status?.isForced = order.isForced
      return
    }
    availability = .draining
    quiet = 0
    isCut = false
    lastHandedOff = nil
    status = DrainStatus(
      reason: order.reason,
      orderedBy: order.orderedBy,
      since: moment.date,
      deadline: date,
      isForced: order.isForced
    )
  }

  /// False when it is serving already.
  package mutating func undrain() -> Bool {
    guard availability != .serving else { return false }
    self = DrainState()
    return true
  }

  /// Takes a new report of the engine. `inFlight` is nil when no engine says, which is not zero. `handedOff` never goes back while the agent
  /// lives.
  package mutating func observe(inFlight: UInt64?, handedOff: UInt64, at moment: AgentClock.Moment) -> Action {
    guard availability != .serving else { return .none }
    if let last = lastHandedOff, handedOff > last { status?.handedOff += handedOff - last }
    lastHandedOff = handedOff
    if availability == .drained {
      guard let inFlight, inFlight > 0 else { return .none }
      // No sibling took them, so the node serves as the last resort. They came after the order: its deadline is not theirs.
      availability = .draining
      quiet = 0
      isCut = true
      return .save
    }
    quiet = inFlight == 0 ? quiet + 1 : 0
    if quiet >= Self.quietReports {
      availability = .drained
      return .save
    }
    if isLate(moment), !isCut, inFlight != 0 {
      isCut = true
      status?.cutAtDeadline += inFlight ?? 0
      return .cut
    }
    return .none
  }

  private mutating func isLate(_ moment: AgentClock.Moment) -> Bool {
    guard let status else { return false }
    // An agent that took the order over from its predecessor knows only the date.
    let due = deadline ?? moment.seconds + status.deadline.timeIntervalSince(moment.date)
    deadline = due
    return moment.seconds >= due
  }
}
