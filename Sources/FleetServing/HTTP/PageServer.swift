import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves one page of text that is made anew for everyone who asks, on one thread.
package final class PageServer: Sendable {
  package struct Page: Sendable {
    package var contentType: String
    package var text: String

    package init(contentType: String, text: String) {
      self.contentType = contentType
      self.text = text
    }
  }

  private struct Responder: HTTPResponder {
    let path: String
    /// Gets the request's `Accept`; answers nil when there is no page yet.
    let make: @Sendable (String) -> Page?

    func respond(to request: HTTPRequest, on loop: any EventLoop) -> Eventual<HTTPResponse> {
      guard request.uri.prefix(while: { $0 != "?" }) == path else {
        return .now(refusal(status: 404, "there is nothing at this path; see \(path)"))
      }
      guard request.method == .GET || request.method == .HEAD else {
        var response = refusal(status: 405, "\(path) can only be read")
        response.fields.append(("Allow", "GET, HEAD"))
        return .now(response)
      }
      guard let page = make(request.headers["accept"].joined(separator: ",")) else {
        return .now(refusal(status: 503, "nothing is known yet; ask again in a second"))
      }
      return .now(HTTPResponse(status: 200, contentType: page.contentType, body: ByteBuffer(string: page.text)))
    }

    func refusal(status: Int, _ message: String) -> HTTPResponse {
      HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: ByteBuffer(string: "\(message)\n"))
    }
  }

  private let group: MultiThreadedEventLoopGroup
  private let http: ConnectionServer

  private init(group: MultiThreadedEventLoopGroup, http: ConnectionServer) {
    self.group = group
    self.http = http
  }

  /// Takes over `descriptor`, a listening socket. Of readers beyond `readers` at a time the connection is closed.
  package static func start(
    descriptor: Int32,
    path: String,
    readers: Int = 16,
    make: @escaping @Sendable (_ accept: String) -> Page?
  ) async throws -> PageServer {
    var limits = HTTPLimits()
    limits.connections = readers
    limits.bodyBytes = 1024
    limits.decompressedBytes = 1024
    limits.totalBodyBytes = 16 << 10
    limits.headBytes = 8 << 10
    limits.stall = .seconds(10)
    limits.arrival = .seconds(10)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let http = try await HTTPServer.start(
      descriptor: descriptor,
      group: group,
      responder: Responder(path: path, make: make),
      limits: limits
    )
    return PageServer(group: group, http: http)
  }

  package func stop() async {
    await http.stop(within: .milliseconds(500))
    try? await group.shutdownGracefully()
  }
}
