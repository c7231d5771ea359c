package import NIOCore
package import NIOHTTP1

/// A request read completely.
package struct HTTPRequest: Sendable {
  package var method: HTTPMethod
  package var uri: String
  package var headers: HTTPHeaders
  package var body: ByteBuffer
  /// When it came, and whether its client is still there.
  package var context: CallContext
  /// Counts what the request needs besides its body.
  package var census: ConnectionCensus

  package init(
    method: HTTPMethod,
    uri: String,
    headers: HTTPHeaders,
    body: ByteBuffer,
    context: CallContext,
    census: ConnectionCensus
  ) {
    self.method = method
    self.uri = uri
    self.headers = headers
    self.body = body
    self.context = context
    self.census = census
  }

  /// When its last byte was read.
  package var received: NIODeadline { context.received }
}

/// An answer, whole.
package struct HTTPResponse: Sendable {
  package var status: Int
  package var contentType: String?
  /// Fields besides type, length and connection.
  package var fields: [(name: String, value: String)]
  package var body: ByteBuffer
  /// The request that this answers, where a model counts it.
  package var ticket: RequestTicket?
  /// Ask the client to connect anew, as when another node should have its requests.
  package var closesConnection: Bool
  /// Whether it is decided in which encoding the body goes out.
  var isEncodingSettled = false

  package init(
    status: Int,
    contentType: String? = "application/json",
    fields: [(name: String, value: String)] = [],
    body: ByteBuffer = ByteBuffer(),
    ticket: RequestTicket? = nil,
    closesConnection: Bool = false
  ) {
    self.status = status
    self.contentType = contentType
    self.fields = fields
    self.body = body
    self.ticket = ticket
    self.closesConnection = closesConnection
  }
}

/// Answers requests; called on the event loop of the connection, which it must not hold up.
package protocol HTTPResponder: Sendable {
  func respond(to request: HTTPRequest, on loop: any EventLoop) -> Eventual<HTTPResponse>
  /// The answer to what never became a request.
  func refusal(status: Int, _ message: String) -> HTTPResponse
  /// What a request is called, which may not have come whole, as the first `bytes` of its body tell.
  func label(of request: HTTPRequest, bytes: Int) -> RequestLabel
}

extension HTTPResponder {
  package func label(of request: HTTPRequest, bytes: Int) -> RequestLabel { RequestLabel() }
}
