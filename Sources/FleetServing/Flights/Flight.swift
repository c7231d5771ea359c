import FleetCore
import FleetWire
import NIOCore

/// A request that a connection has in flight. On the connection's event loop alone, and there only for a moment.
struct Flight {
  enum Stage {
    /// Not all of it has come.
    case arriving
    case answering
    /// Its client does not take the answer as fast as it could.
    case sending
  }

  let stage: Stage
  /// When its first byte came, while the last has not; else when that did.
  let began: NIODeadline
  /// A sibling answers it, or has.
  let isHandedOn: Bool
  let info: (_ now: NIODeadline) -> FlightInfo
  /// A sibling gets so long to answer instead.
  let cut: (_ patience: TimeAmount) -> EventLoopFuture<EngineCut.Outcome>

  /// Whether the engine is at work on it. `handingOff` is since when requests are handed on; nil when they are not. What begins to arrive
  /// after that will be handed on.
  func isOurs(handingOff: NIODeadline?) -> Bool {
    guard !isHandedOn else { return false }
    guard stage == .arriving, let handingOff else { return true }
    return began < handingOff
  }
}

/// A connection, as those see it who look for what is in flight. On its event loop alone.
protocol FlightCarrier: AnyObject {
  var flights: [Flight] { get }
  /// Ends calls that stay open between requests, each when nothing of it is in flight: their clients begin anew, here or elsewhere.
  func endCallsWhenQuiet()
}

/// What several connections have in flight.
struct FlightTally: Sendable {
  private(set) var count: UInt64 = 0
  private(set) var oldest: FlightInfo?

  init() {}

  init(_ flights: [Flight], now: NIODeadline) {
    count = UInt64(flights.count)
    oldest = flights.min { $0.began < $1.began }?.info(now)
  }

  mutating func add(_ other: FlightTally) {
    count += other.count
    guard let theirs = other.oldest, theirs.seconds > oldest?.seconds ?? -1 else { return }
    oldest = theirs
  }
}
