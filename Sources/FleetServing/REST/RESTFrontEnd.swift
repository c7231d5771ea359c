package import NIOCore
import NIOHTTP1

/// The REST form of the protocol: finds what a request asks for, decodes it, and encodes what comes of it.
package final class RESTFrontEnd: HTTPResponder {
  let dispatch: InferDispatch

  var service: InferenceService { dispatch.service }

  package init(dispatch: InferDispatch) {
    self.dispatch = dispatch
  }

  package func respond(to request: HTTPRequest, on loop: any EventLoop) -> Eventual<HTTPResponse> {
    do throws(ServingError) {
      guard let path = RESTRoute.path(of: request.uri) else { throw Self.unknown(request) }
      var allowed: HTTPMethod?
      for route in RESTRoute.all {
        guard let names = route.match(path) else { continue }
        guard let method = route.method, method != request.method, method != .GET || request.method != .HEAD else {
          let call = RESTCall(request: request, names: names, loop: loop)
          return compressed(try route.respond(self, call), for: call)
        }
        allowed = method
      }
      // No path takes two methods.
      guard let method = allowed else { throw Self.unknown(request) }
      let message = "\(ServingError.quote(request.method.rawValue)) is not allowed here; use \(method.rawValue)"
      throw ServingError(.methodNotAllowed(allowed: method == .GET ? "GET, HEAD" : method.rawValue), message)
    } catch {
      return .now(RESTResponses.error(error))
    }
  }

  private static func unknown(_ request: HTTPRequest) -> ServingError {
    ServingError(.notFound, "no call has the path \(ServingError.quote(request.uri))")
  }

  package func refusal(status: Int, _ message: String) -> HTTPResponse {
    RESTResponses.error(status: status, message, status == 503 ? [("Retry-After", "1")] : [])
  }
}
