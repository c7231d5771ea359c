import FleetCore
import NIOCore
import NIOHTTP1
import Synchronization

/// Has a sibling answer a request in this node's place.
final class SiblingRelay: Sendable {
  /// Fields of an answer that the client gets as the sibling wrote them.
  private static let passedBack = [
    "inference-header-content-length", "retry-after", "content-encoding", "vary", HandedOffCall.statusField,
    HandedOffCall.messageField,
  ]

  private let node: NodeName
  private let handOff: HandOff
  private let client: SiblingClient
  private let maximumInFlight: Int
  private let inFlight = Atomic(0)

  init(node: NodeName, handOff: HandOff, security: SiblingSecurity, maximumInFlight: Int) {
    self.node = node
    client = SiblingClient(security)
    self.handOff = handOff
    self.maximumInFlight = maximumInFlight
  }

  /// The answer of the first of `siblings` that serves; nil when none does, or as many are asked for others as may be. Their time counts from
  /// `start`.
  func answer(
    _ request: HTTPRequest,
    from siblings: [SiblingAddress],
    patience: RelayPatience,
    since start: NIODeadline,
    on loop: any EventLoop
  ) -> EventLoopFuture<HTTPResponse?> {
    guard inFlight.add(1, ordering: .relaxed).newValue <= maximumInFlight else {
      inFlight.subtract(1, ordering: .relaxed)
      return loop.makeSucceededFuture(nil)
    }
    let answer = ask(siblings[...], request, patience, start, on: loop)
    answer.whenComplete { [self] _ in inFlight.subtract(1, ordering: .relaxed) }
    return answer
  }

  private func ask(
    _ siblings: ArraySlice<SiblingAddress>,
    _ request: HTTPRequest,
    _ patience: RelayPatience,
    _ start: NIODeadline,
    on loop: any EventLoop
  ) -> EventLoopFuture<HTTPResponse?> {
    let left = patience.whole - (NIODeadline.now() - start)
    guard let sibling = siblings.first, left > .zero else { return loop.makeSucceededFuture(nil) }
    let time = min(patience.attempt, left)
    return client.send(passedOn(request, to: sibling), to: sibling, within: time, on: loop)
      .map { Optional($0) }
      .recover { _ in nil }
      .flatMap { [self] answer in
        // 404: it lacks the model. 503: it drains as well, or is full.
        guard let answer, answer.status != 404, answer.status != 503 else {
          if answer == nil { handOff.failed(sibling) }
          return ask(siblings.dropFirst(), request, patience, start, on: loop)
        }
        handOff.worked(sibling)
        handOff.traffic.answered(by: sibling)
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
    for name in ["content-type", "content-encoding", "accept-encoding", "inference-header-content-length"] {
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
    var response = HTTPResponse(
      status: answer.status,
      contentType: answer.headers.first(name: "content-type"),
      fields: fields,
      body: answer.body,
      closesConnection: true
    )
    // The sibling was asked for what the client asked for.
    response.isEncodingSettled = true
    return response
  }
}
