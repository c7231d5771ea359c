package import NIOCore

/// A request of a call, as the front end answers it.
package struct GRPCCall: Sendable {
  package var method: GRPCMethod
  package var message: ByteBuffer
  package var context: CallContext
  /// What counts the memory it takes.
  package var census: ConnectionCensus
  /// The node that has handed the call off to this one.
  package var handedOffBy: String?

  package init(
    method: GRPCMethod,
    message: ByteBuffer,
    context: CallContext,
    census: ConnectionCensus,
    handedOffBy: String? = nil
  ) {
    self.method = method
    self.message = message
    self.context = context
    self.census = census
    self.handedOffBy = handedOffBy
  }
}

/// What a request came to.
package struct GRPCAnswer: Sendable {
  package var status: GRPCStatus
  /// Nil unless `status` is OK.
  package var message: GRPCMessage?
  /// The request that this answers, where a model counts it.
  package var ticket: RequestTicket?
  /// Whether the model counts it among its errors.
  package var countsAsError: Bool

  package init(_ message: GRPCMessage) {
    status = .ok
    self.message = message
    countsAsError = false
  }

  package init(_ status: GRPCStatus) {
    self.status = status
    countsAsError = status.countsAsError
  }

  package init(_ error: ServingError) {
    self.init(GRPCStatus(error))
  }
}

/// Answers requests; called on the event loop of the connection, which it must not hold up.
package protocol GRPCResponder: Sendable {
  func respond(to call: GRPCCall, on loop: any EventLoop) -> Eventual<GRPCAnswer>
  /// What a watcher of `service` is told; it is asked again from time to time.
  func health(of service: String) -> GRPCHealth
  /// What a request is called, as far as the part of `message` tells that has come.
  func label(of method: GRPCMethod, _ message: ByteBuffer) -> RequestLabel
}

extension GRPCResponder {
  package func label(of method: GRPCMethod, _ message: ByteBuffer) -> RequestLabel { RequestLabel() }
}

/// The health of a service, by the numbers of `grpc.health.v1.HealthCheckResponse.ServingStatus`.
package enum GRPCHealth: Int, Sendable {
  case serving = 1
  case notServing = 2
  case serviceUnknown = 3
}
