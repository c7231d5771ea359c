import FleetCore
import FleetWire
import NIOCore
import NIOHTTP1

/// What is in flight on a connection: a request that arrives, one that is answered, and the answer that its client is slow to take.
extension HTTPConnection: FlightCarrier {
  /// A request whose answer is written and not taken.
  struct Unsent {
    let label: RequestLabel
    let sender: String?
    let received: NIODeadline
    let isHandedOn: Bool

    init(of request: HTTPRequest, by responder: any HTTPResponder) {
      label = responder.label(of: request, bytes: RequestLabel.shortestSearch)
      sender = request.headers.first(name: HandOff.headerName)
      received = request.received
      isHandedOn = request.context.isHandedOn
    }
  }

  var flights: [Flight] {
    guard let context else { return [] }
    var flights: [Flight] = []
    if let unsent = sending { flights.append(flight(unsent, context)) }
    if let request = answering, request.context.isAwaited { flights.append(flight(request, context)) }
    if let incoming, !isClosing { flights.append(flight(incoming, context)) }
    return flights
  }

  func endCallsWhenQuiet() {}

  private func flight(_ unsent: Unsent, _ context: ChannelHandlerContext) -> Flight {
    Flight(
      stage: .sending,
      began: unsent.received,
      isHandedOn: unsent.isHandedOn,
      info: { unsent.label.flight(from: unsent.sender ?? self.place, began: unsent.received, now: $0) },
      cut: { _ in
        context.close(promise: nil)
        return context.eventLoop.makeSucceededFuture(.closed)
      }
    )
  }

  private func flight(_ request: HTTPRequest, _ context: ChannelHandlerContext) -> Flight {
    Flight(
      stage: .answering,
      began: request.received,
      isHandedOn: request.context.isHandedOn,
      info: { self.info(request, began: request.received, now: $0) },
      cut: { patience in
        if let outcome = request.context.cut(within: patience) { return outcome }
        context.close(promise: nil)
        return context.eventLoop.makeSucceededFuture(.closed)
      }
    )
  }

  private func flight(_ incoming: Incoming, _ context: ChannelHandlerContext) -> Flight {
    Flight(
      stage: .arriving,
      began: incoming.since,
      isHandedOn: false,
      info: { now in
        let request = HTTPRequest(
          method: incoming.head.method,
          uri: incoming.head.uri,
          headers: incoming.head.headers,
          body: incoming.body,
          context: CallContext(received: incoming.since),
          census: self.census
        )
        return self.info(request, began: incoming.since, now: now)
      },
      cut: { _ in
        self.refuse(503, "this node is drained, and the request did not arrive in time; send it again", context)
        context.flush()
        return context.eventLoop.makeSucceededFuture(.refused)
      }
    )
  }

  private func info(_ request: HTTPRequest, began: NIODeadline, now: NIODeadline) -> FlightInfo {
    let label = responder.label(of: request, bytes: RequestLabel.longestSearch)
    return label.flight(from: request.headers.first(name: HandOff.headerName) ?? place, began: began, now: now)
  }

  private var place: String { client?.hostAndPort ?? "unknown" }
}
