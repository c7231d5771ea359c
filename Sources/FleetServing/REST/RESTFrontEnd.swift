package import FleetCore
package import NIOCore
import NIOHTTP1

/// The REST form of the protocol: finds what a request asks for, decodes it, and encodes what comes of it.
package final class RESTFrontEnd: HTTPResponder {
  let service: InferenceService
  let handOff: HandOff
  let relay: SiblingRelay
  let fault: FaultInjector?

  /// No more than `maximumRelays` requests are with siblings at once.
  package init(
    node: NodeName,
    service: InferenceService,
    handOff: HandOff,
    maximumRelays: Int,
    fault: FaultInjector? = nil
  ) {
    self.service = service
    self.handOff = handOff
    self.fault = fault
    relay = SiblingRelay(node: node, handOff: handOff, maximumInFlight: maximumRelays)
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

  /// Closes the connections to siblings that are kept for the next hand-off.
  package func closeConnections() {
    relay.closeConnections()
  }
}
