import FleetWire
import NIOCore

/// What is in flight, asked of the connections when somebody wants to know: requests themselves cost nothing more for it.
extension ConnectionCensus {
  /// What the connections of `loop` have in flight. On that loop.
  func tally(on loop: any EventLoop, handingOff: NIODeadline?) -> FlightTally {
    FlightTally(flights(on: loop, handingOff: handingOff), now: .now())
  }

  /// Cuts off what the connections of `loop` have in flight; siblings get `patience` to answer it instead. On that loop.
  func cut(
    on loop: any EventLoop,
    handingOff: NIODeadline?,
    within patience: TimeAmount
  ) -> EventLoopFuture<[EngineCut.Request]> {
    let now = NIODeadline.now()
    let outcomes = flights(on: loop, handingOff: handingOff).map { flight in
      let info = flight.info(now)
      return flight.cut(patience).map { EngineCut.Request(flight: info, outcome: $0) }
    }
    for carrier in carriers(on: loop) { carrier.endCallsWhenQuiet() }
    return EventLoopFuture.whenAllSucceed(outcomes, on: loop)
  }

  private func flights(on loop: any EventLoop, handingOff: NIODeadline?) -> [Flight] {
    carriers(on: loop).flatMap { $0.flights }.filter { $0.isOurs(handingOff: handingOff) }
  }
}
