package import FleetCore
package import NIOCore
import NIOHTTP1

/// The REST form of the protocol: finds what a request asks for, decodes it, and encodes what comes of it.
package final class RESTFrontEnd: HTTPResponder {
  private let service: InferenceService
  private let handOff: HandOff
  private let relay: SiblingRelay
  private let fault: FaultInjector?

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
    guard let route = RESTRoute(request.uri) else {
      return .now(
        RESTResponses.error(ServingError(.notFound, "no call has the path \(ServingError.quote(request.uri))"))
      )
    }
    guard request.method == route.method || (request.method == .HEAD && route.method == .GET) else {
      let message = "\(ServingError.quote(request.method.rawValue)) is not allowed here; use \(route.method.rawValue)"
      let allowed = route.method == .GET ? "GET, HEAD" : route.method.rawValue
      return .now(RESTResponses.error(ServingError(.methodNotAllowed(allowed: allowed), message)))
    }
    do throws(ServingError) {
      switch route {
      case .serverLive: return .now(RESTResponses.flag("live", true))
      case .serverReady: return .now(RESTResponses.flag("ready", isReady))
      case .serverMetadata: return .now(RESTResponses.serverMetadata(extensions: service.extensions))
      case .modelReady(let name, let version):
        let active = try service.find(name, version: version).active
        return .now(RESTResponses.modelReady(active.version, !handOff.isOn))
      case .modelMetadata(let name, let version):
        return .now(RESTResponses.modelMetadata(try service.metadata(name, version: version)))
      case .infer(let name, let version):
        if let plan = handOff.plan {
          return passOn(request, model: name, version: version, plan, on: loop)
        }
        return infer(request, model: name, version: version, on: loop)
      }
    } catch {
      return .now(RESTResponses.error(error))
    }
  }

  package func refusal(status: Int, _ message: String) -> HTTPResponse {
    RESTResponses.error(status: status, message, status == 503 ? [("Retry-After", "1")] : [])
  }

  /// Closes the connections to siblings that are kept for the next hand-off.
  package func closeConnections() {
    relay.closeConnections()
  }

  private var isReady: Bool { !handOff.isOn && !service.registry.isEmpty }

  // MARK: Infer

  private func infer(
    _ request: HTTPRequest,
    model: String,
    version: String?,
    on loop: any EventLoop
  ) -> Eventual<HTTPResponse> {
    let found: (active: ServedVersion, meter: ModelMeter)
    do throws(ServingError) {
      found = try service.find(model, version: version)
    } catch {
      return .now(RESTResponses.error(error))
    }
    let ticket = found.meter.began(received: request.received)
    let disturbance = fault?.draw()
    let answer: Eventual<HTTPResponse>
    if disturbance?.fails == true {
      answer = .now(RESTResponses.error(ServingError(.failed, "injected fault")))
    } else {
      answer = compute(request, on: found, loop: loop)
    }
    let counted = answer.map { response in
      var response = response
      response.ticket = ticket
      return response
    }
    guard let delay = disturbance?.delay, delay > .zero else { return counted }
    return .later(
      counted.future(on: loop).flatMap { response in
        loop.scheduleTask(in: delay) { response }.futureResult
      }
    )
  }

  private func compute(
    _ request: HTTPRequest,
    on found: (active: ServedVersion, meter: ModelMeter),
    loop: any EventLoop
  ) -> Eventual<HTTPResponse> {
    service.infer(
      on: found.active,
      meter: found.meter,
      context: request.context,
      loop: loop,
      bodyBytes: request.body.readableBytes
    ) { () throws(ServingError) in
      try Self.decode(request)
    } encode: { result, call in
      Self.response(result, to: call)
    }
  }

  private static func response(_ result: Result<InferReply, ServingError>, to call: RESTInferRequest?) -> HTTPResponse {
    do throws(ServingError) {
      let reply = try result.get()
      guard let call else { throw ServingError(.failed, "the request was not read") }
      return RESTResponses.inferred(try RESTInferEncoder.encode(reply, for: call))
    } catch {
      return RESTResponses.error(error)
    }
  }

  private static func decode(_ request: HTTPRequest) throws(ServingError) -> RESTInferRequest {
    if let encoding = request.headers.first(name: "content-encoding"), encoding.lowercased() != "identity" {
      throw ServingError(
        .unsupportedEncoding,
        "Content-Encoding \(ServingError.quote(encoding)) is not taken; send the body as it is"
      )
    }
    guard let text = request.headers.first(name: "inference-header-content-length") else {
      return try RESTInferDecoder.decode(request.body, jsonLength: nil)
    }
    guard let length = Int(text), length >= 0 else {
      throw ServingError(
        .invalid,
        "Inference-Header-Content-Length: expected a whole number, found \(ServingError.quote(text))"
      )
    }
    return try RESTInferDecoder.decode(request.body, jsonLength: length)
  }

  // MARK: Hand-off

  private func passOn(
    _ request: HTTPRequest,
    model: String,
    version: String?,
    _ plan: HandOff.Plan,
    on loop: any EventLoop
  ) -> Eventual<HTTPResponse> {
    if let passer = request.headers.first(name: HandOff.headerName) {
      let message = "this node drains too: \(ServingError.quote(passer)) must ask another"
      return .now(RESTResponses.error(ServingError(.unavailable, message)))
    }
    guard !plan.siblings.isEmpty else {
      return serveAlone(request, model: model, version: version, plan, on: loop)
    }
    let expected = service.registry.find(model)?.active.estimatedTime(bytes: request.body.readableBytes)
    let patience = RelayPatience(expectedTime: expected)
    return .later(
      relay.answer(request, from: plan.siblings, patience: patience, on: loop).flatMap { [self] response in
        if let response {
          service.registry.find(model)?.meter.handedOff()
          return loop.makeSucceededFuture(response)
        }
        return serveAlone(request, model: model, version: version, plan, on: loop).future(on: loop)
      }
    )
  }

  /// The last resort: better here than not at all, unless the operator wants otherwise.
  private func serveAlone(
    _ request: HTTPRequest,
    model: String,
    version: String?,
    _ plan: HandOff.Plan,
    on loop: any EventLoop
  ) -> Eventual<HTTPResponse> {
    if !plan.refusesWhenAlone, service.registry.find(model) != nil {
      return infer(request, model: model, version: version, on: loop)
    }
    let message =
      plan.siblings.isEmpty
      ? "this node is draining and has no sibling to hand requests to"
      : "this node is draining, and none of its siblings serves \(ServingError.quote(model)) now"
    return .now(RESTResponses.error(ServingError(.unavailable, message)))
  }
}
