import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers in the encoding that the client asks for.
extension RESTFrontEnd {
  /// Short answers are compressed at once, long ones by another thread.
  func compressed(_ answer: Eventual<HTTPResponse>, for call: RESTCall) -> Eventual<HTTPResponse> {
    switch answer {
    case .now(let response):
      guard let encoding = Self.encoding(of: response, for: call.request) else { return answer }
      return Self.compressed(response, encoding, on: call.loop)
    case .later(let future):
      guard call.request.headers.contains(name: "accept-encoding") else { return answer }
      return .later(
        future.flatMap { response in
          guard let encoding = Self.encoding(of: response, for: call.request) else {
            return call.loop.makeSucceededFuture(response)
          }
          return Self.compressed(response, encoding, on: call.loop).future(on: call.loop)
        }
      )
    }
  }

  /// The same on a thread that may take its time; on an event loop nothing is done yet.
  static func compressed(_ response: HTTPResponse, for request: HTTPRequest, on loop: any EventLoop) -> HTTPResponse {
    guard !loop.inEventLoop, let encoding = encoding(of: response, for: request) else { return response }
    return BodyCompression.compress(response, encoding)
  }

  private static func compressed(
    _ response: HTTPResponse,
    _ encoding: ContentEncoding,
    on loop: any EventLoop
  ) -> Eventual<HTTPResponse> {
    guard response.body.readableBytes > BodyCompression.longestInline else {
      return .now(BodyCompression.compress(response, encoding))
    }
    return .later(
      NIOThreadPool.singleton.runIfActive(eventLoop: loop) { BodyCompression.compress(response, encoding) }
    )
  }

  /// Nil when `response` goes out as it is. The length is looked at first: it decides nearly always.
  private static func encoding(of response: HTTPResponse, for request: HTTPRequest) -> ContentEncoding? {
    guard response.body.readableBytes >= BodyCompression.shortest, !response.isEncodingSettled,
      let first = request.headers.first(name: "accept-encoding")
    else { return nil }
    let all = request.headers["accept-encoding"]
    return ContentEncoding.preferred(by: all.count > 1 ? all.joined(separator: ",") : first)
  }
}
