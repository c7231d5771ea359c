import FleetCore
import NIOCore
import NIOHTTP1

/// Has a sibling answer a request in this node's place.
final class SiblingRelay: Sendable {
  /// From the request's arrival to giving up on siblings.
  private static let deadline: TimeAmount = .seconds(10)
  /// Fields of an answer that the client gets as the sibling wrote them.
  private static let passedBack = ["inference-header-content-length", "retry-after"]

  private let node: NodeName
  private let handOff: HandOff
  private let client = SiblingClient()

  init(node: NodeName, handOff: HandOff) {
    self.node = node
    self.handOff = handOff
  }

  /// The answer of the first of `siblings` that serves; nil when none does.
  func answer(
    _ request: HTTPRequest,
    from siblings: ArraySlice<SiblingAddress>,
    on loop: any EventLoop
  ) -> EventLoopFuture<HTTPResponse?> {
    guard let sibling = siblings.first, NIODeadline.now() - request.received < Self.deadline else {
      return loop.makeSucceededFuture(nil)
    }
    return client.send(passedOn(request, to: sibling), to: sibling, on: loop)
      .map { Optional($0) }
      .recover { _ in nil }
      .flatMap { [self] answer in
        // 404: it lacks the model. 503: it drains as well, or is full.
        guard let answer, answer.status != 404, answer.status != 503 else {
          if answer == nil { handOff.failed(sibling) }
          return self.answer(request, from: siblings.dropFirst(), on: loop)
        }
        handOff.worked(sibling)
        return loop.makeSucceededFuture(Self.response(answer))
      }
  }

  func closeConnections() {
    client.closeAll()
  }

  private func passedOn(_ request: HTTPRequest, to sibling: SiblingAddress) -> SiblingRequest {
    var headers = HTTPHeaders()
    headers.add(name: "Host", value: "\(sibling.host):\(sibling.port)")
    headers.add(name: "Content-Length", value: String(request.body.readableBytes))
    for name in ["content-type", "content-encoding", "inference-header-content-length"] {
      if let value = request.headers.first(name: name) { headers.add(name: name, value: value) }
    }
    headers.add(name: HandOff.headerName, value: node.description)
    let head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.uri, headers: headers)
    return SiblingRequest(head: head, body: request.body)
  }

  private static func response(_ answer: SiblingAnswer) -> HTTPResponse {
    let fields = passedBack.compactMap { name in
      answer.headers.first(name: name).map { (name: name, value: $0) }
    }
    return HTTPResponse(
      status: answer.status,
      contentType: answer.headers.first(name: "content-type"),
      fields: fields,
      body: answer.body,
      closesConnection: true
    )
  }
}
