import FleetCore
import FleetWire
import NIOCore
import NIOHTTP2

/// What is in flight on a connection: of each call the requests that are answered, the one that arrives, and the answers that its client is
/// slow to take.
extension GRPCConnection: FlightCarrier {
  static let drained = GRPCStatus(.unavailable, "this node is drained: begin a new call, here or at another node")
  /// A larger answer may wait for its client, and is worth a name.
  private static let largeAnswer = 64 << 10

  var flights: [Flight] {
    guard let context else { return [] }
    var flights: [Flight] = []
    for (id, stream) in streams where stream.head.method.isInference {
      for request in stream.waiting where request.context.isAwaited {
        flights.append(flight(request, of: id, stream, context))
      }
      if stream.arrivingSince != nil { flights.append(arriving(id, stream, context)) }
      if stream.unsent > 0 || stream.isFinished, let unsent = stream.sending {
        flights.append(flight(unsent, of: id, stream, context))
      }
    }
    return flights
  }

  func endCallsWhenQuiet() {
    guard let context else { return }
    for (id, stream) in streams where stream.head.method.form == .requestsAndAnswers {
      streams[id]?.endsWhenQuiet = true
      if stream.isQuiet { finish(id, Self.drained, context) }
    }
    flush(context)
  }

  /// Of the request that an answer belongs to, which is about to be sent.
  func unsent(_ sequence: Int, _ answer: GRPCAnswer, of stream: GRPCStream) -> GRPCStream.Unsent? {
    guard let request = stream.request(sequence) else { return nil }
    let isLarge = answer.message?.framed.readableBytes ?? 0 > Self.largeAnswer
    let isNamed = isLarge || stream.head.method.form != .unary
    return GRPCStream.Unsent(context: request.context, label: isNamed ? label(request, stream) : RequestLabel())
  }

  private func flight(
    _ request: GRPCStream.Request,
    of id: HTTP2StreamID,
    _ stream: GRPCStream,
    _ context: ChannelHandlerContext
  ) -> Flight {
    Flight(
      stage: .answering,
      began: request.context.received,
      isHandedOn: request.context.isHandedOn,
      info: { now in
        self.label(request, stream).flight(from: self.place(stream), began: request.context.received, now: now)
      },
      cut: { patience in
        request.context.cut(within: patience) ?? self.end(id, .closed, context) { self.reset(id, .cancel, context) }
      }
    )
  }

  private func arriving(_ id: HTTP2StreamID, _ stream: GRPCStream, _ context: ChannelHandlerContext) -> Flight {
    let began = stream.arrivingSince ?? stream.began
    return Flight(
      stage: .arriving,
      began: began,
      isHandedOn: false,
      info: { now in
        self.responder.label(of: stream.head.method, stream.partialMessage)
          .flight(from: self.place(stream), began: began, now: now)
      },
      cut: { _ in self.end(id, .refused, context) { self.finish(id, Self.drained, context) } }
    )
  }

  private func flight(
    _ unsent: GRPCStream.Unsent,
    of id: HTTP2StreamID,
    _ stream: GRPCStream,
    _ context: ChannelHandlerContext
  ) -> Flight {
    Flight(
      stage: .sending,
      began: unsent.context.received,
      isHandedOn: unsent.context.isHandedOn,
      info: { unsent.label.flight(from: self.place(stream), began: unsent.context.received, now: $0) },
      cut: { _ in
        self.end(id, .closed, context) {
          self.reset(id, .cancel, context)
          self.forget(id)
        }
      }
    )
  }

  private func end(
    _ id: HTTP2StreamID,
    _ outcome: EngineCut.Outcome,
    _ context: ChannelHandlerContext,
    _ end: () -> Void
  ) -> EventLoopFuture<EngineCut.Outcome> {
    end()
    flush(context)
    return context.eventLoop.makeSucceededFuture(outcome)
  }

  private func label(_ request: GRPCStream.Request, _ stream: GRPCStream) -> RequestLabel {
    request.isCompressed ? RequestLabel() : responder.label(of: stream.head.method, request.message)
  }

  private func place(_ stream: GRPCStream) -> String {
    stream.head.handedOffBy ?? client?.hostAndPort ?? "unknown"
  }
}

extension GRPCStream {
  /// A request whose answer is not out yet.
  struct Unsent {
    let context: CallContext
    let label: RequestLabel
  }
}
