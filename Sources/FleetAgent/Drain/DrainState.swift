package import FleetCore
import FoundationEssentials

/// Where a node stands between serving and drained, and what has to be done next. No I/O and no clock of its own.
///
/// Legal moves:
///
///     serving ─order─▶ draining ─nothing in flight in two reports─▶ drained
///        ▲             │  ▲  ▲                                      │  │
///        │             │  │  └── a request in flight after all ─────┘  │
///        │             │  ├─ deadline: cut what is left, once          │
///        │             │  └─ still busy after that: restart, once      │
///        └─── undrain ─┴──────────────── undrain ──────────────────────┘
///
/// On trial it is draining without a deadline: a share of the requests is answered here, so it is not empty, and not yet back.
package struct DrainState: Sendable, Equatable, Codable {
  package enum Action: Sendable, Equatable {
    case none
    /// The deadline has passed: what is in flight has to be handed over or refused, and calls that stay open are to end.
    case cut
    /// The engine was told to cut and is busy still: only its end helps.
    case restart
    /// Something changed that must outlive the agent.
    case save
  }

  /// Reports without a request in flight that make a node drained.
  package static let quietReports = 2
  /// Seconds in which an engine must be done with what it was told to cut.
  package static let cutSeconds = 5.0

  package private(set) var availability = Availability.serving
  /// Nil while serving.
  package private(set) var status: DrainStatus?
  /// The deadline has done its work: what was in flight at the order has ended or was cut off.
  private var isCut = false
  /// When the engine was told to, on the clock that never goes back; nil when it need not be watched for that.
  private var cutAt: Double?
  private var quiet = 0
  private var lastHandedOff: UInt64?
  /// The share of the requests that this node answers all the same, from 0 to 1. Whoever ordered that orders it of the next agent anew.
  package private(set) var trialShare = 0.0
  /// The deadline on the clock that never goes back. The date in `status` is for people and for the next agent.
  private var deadline: Double?
  /// Seconds that the order gave what was in flight; nil when another agent took it.
  private var allowance: Double?

  package init() {}

  /// What has to survive a restart of the agent; the rest is measured anew.
  private enum CodingKeys: String, CodingKey {
    case availability, status, isCut
  }

  /// Starts to drain. A node that does so already, or is drained, takes over the new order's reason, deadline and force.
  package mutating func order(_ order: DrainOrder, at moment: AgentClock.Moment) {
    trialShare = 0
    allowance = order.deadline.seconds
    deadline = moment.seconds + order.deadline.seconds
    let date = moment.date.addingTimeInterval(order.deadline.seconds)
    isCut = false
    cutAt = nil
    guard availability == .serving else {
      status?.reason = order.reason
      status?.orderedBy = order.orderedBy
      status?.deadline = date
      status?.isForced = order.isForced
      return
    }
    availability = .draining
    quiet = 0
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

  /// Begins a trial, changes its share, or ends it with 0: what is in flight then has as long as it had at the order. False when nothing
  /// changes.
  package mutating func takeOnTrial(share: Double, at moment: AgentClock.Moment) -> Bool {
    guard availability != .serving, share != trialShare, let status else { return false }
    trialShare = share
    availability = .draining
    quiet = 0
    isCut = false
    cutAt = nil
    let seconds = allowance ?? status.deadline.timeIntervalSince(status.since)
    allowance = seconds
    deadline = moment.seconds + seconds
    self.status?.deadline = moment.date.addingTimeInterval(seconds)
    return true
  }

  /// Takes a new report of the engine.
  package mutating func observe(_ load: DrainLoad, at moment: AgentClock.Moment) -> Action {
    guard availability != .serving else { return .none }
    if let last = lastHandedOff, load.handedOff > last { status?.handedOff += load.handedOff - last }
    lastHandedOff = load.handedOff
    guard trialShare == 0 else { return .none }
    let busy = busy(load, at: moment)
    let isDue = isLate(moment) && !isCut
    if availability == .drained {
      if let busy, busy > 0 {
        // No sibling took them, so the node serves as the last resort. They came after the order: its deadline is not theirs.
        availability = .draining
        quiet = 0
        isCut = true
        cutAt = nil
        return .save
      }
      isCut = isCut || isDue
      return isDue ? .cut : .none
    }
    quiet = busy == 0 ? quiet + 1 : 0
    if quiet >= Self.quietReports {
      availability = .drained
      cutAt = nil
      return .save
    }
    guard busy != 0 else { return .none }
    if isDue {
      isCut = true
      cutAt = moment.seconds
      return .cut
    }
    guard let cutAt, moment.seconds - cutAt >= Self.cutSeconds else { return .none }
    self.cutAt = nil
    status?.cutAtDeadline += load.inFlight ?? 0
    return .restart
  }

  /// Requests that the engine, told to cut, could hand to no sibling.
  package mutating func lost(_ count: UInt64) {
    status?.cutAtDeadline += count
  }

  /// Tells what holds the drain up, who still sends and who takes it. Not kept on disk.
  package mutating func tell(oldest: FlightInfo?, clients: [ClientTraffic], targets: [HandOffTarget]) {
    status?.oldest = oldest
    status?.clients = clients
    status?.targets = targets
  }

  /// A computation from before the cut is nobody's request any more, and keeps the engine busy all the same.
  private func busy(_ load: DrainLoad, at moment: AgentClock.Moment) -> UInt64? {
    guard let inFlight = load.inFlight else { return nil }
    guard inFlight == 0, let cutAt, let seconds = load.computingSeconds else { return inFlight }
    return seconds >= moment.seconds - cutAt ? 1 : 0
  }

  private mutating func isLate(_ moment: AgentClock.Moment) -> Bool {
    guard let status else { return false }
    // An agent that took the order over from its predecessor knows only the date.
    let due = deadline ?? moment.seconds + status.deadline.timeIntervalSince(moment.date)
    deadline = due
    return moment.seconds >= due
  }
}
