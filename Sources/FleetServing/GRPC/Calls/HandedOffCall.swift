package import NIOCore
import NIOHTTP1

/// A `ModelInfer` call as nodes pass it on: its message as the body of an HTTP/1.1 request, gRPC's path as its path, and the answer's
/// status in fields. So one connection and one patience serve what REST and gRPC hand off.
package enum HandedOffCall {
  private static let contentType = "application/grpc+proto"
  package static let statusField = "grpc-status"
  package static let messageField = "grpc-message"

  static func request(_ call: GRPCCall) -> HTTPRequest {
    HTTPRequest(
      method: .POST,
      uri: GRPCMethod.modelInfer.rawValue,
      headers: ["content-type": contentType],
      body: call.message,
      context: call.context,
      census: call.census
    )
  }

  /// Nil when `request` is none.
  static func call(_ request: HTTPRequest) -> GRPCCall? {
    guard request.method == .POST, request.uri == GRPCMethod.modelInfer.rawValue,
      request.headers.first(name: "content-type") == contentType
    else { return nil }
    return GRPCCall(
      method: .modelInfer,
      message: request.body,
      context: request.context,
      census: request.census,
      handedOffBy: request.headers.first(name: HandOff.headerName)
    )
  }

  /// The status of HTTP is for the node that passed the call on: at 404 and 503 it asks another.
  static func response(_ answer: GRPCAnswer) -> HTTPResponse {
    let status =
      switch answer.status.code {
      case .ok: 200
      case .invalidArgument: 400
      case .notFound: 404
      case .unavailable: 503
      case .deadlineExceeded: 504
      case .resourceExhausted: 429
      case .unimplemented: 501
      case .cancelled: 499
      case .internal, .unknown: 500
      }
    var response = HTTPResponse(
      status: status,
      contentType: contentType,
      fields: [
        (statusField, String(answer.status.code.rawValue)), (messageField, answer.status.encodedMessage),
      ],
      body: answer.message?.bytes ?? ByteBuffer(),
      ticket: answer.ticket
    )
    response.isEncodingSettled = true
    return response
  }

  static func answer(_ response: HTTPResponse) -> GRPCAnswer {
    func field(_ name: String) -> String? { response.fields.first { $0.name == name }?.value }
    guard let code = field(statusField) else {
      return GRPCAnswer(GRPCStatus(.unavailable, "a sibling did not answer as one, but with status \(response.status)"))
    }
    let status = GRPCStatus(statusField: code, messageField: field(messageField))
    return status.code == .ok ? GRPCAnswer(GRPCMessage(response.body)) : GRPCAnswer(status)
  }
}

/// Answers what siblings pass on of their gRPC calls, and leaves the rest of what comes by HTTP/1.1 to REST.
package struct HandedOffCallResponder: HTTPResponder {
  private let rest: any HTTPResponder
  private let grpc: any GRPCResponder

  package init(rest: any HTTPResponder, grpc: any GRPCResponder) {
    self.rest = rest
    self.grpc = grpc
  }

  package func respond(to request: HTTPRequest, on loop: any EventLoop) -> Eventual<HTTPResponse> {
    guard let call = HandedOffCall.call(request) else { return rest.respond(to: request, on: loop) }
    return grpc.respond(to: call, on: loop).map(HandedOffCall.response)
  }

  package func refusal(status: Int, _ message: String) -> HTTPResponse {
    rest.refusal(status: status, message)
  }

  package func label(of request: HTTPRequest, bytes: Int) -> RequestLabel {
    guard let call = HandedOffCall.call(request) else { return rest.label(of: request, bytes: bytes) }
    return grpc.label(of: call.method, call.message)
  }
}
