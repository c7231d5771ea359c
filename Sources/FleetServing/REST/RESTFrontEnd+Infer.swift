import FleetCore
import NIOCore
import NIOHTTP1

/// The call that computes.
extension RESTFrontEnd {
  func infer(_ call: RESTCall) -> Eventual<HTTPResponse> {
    if let plan = handOff.plan { return passOn(call, plan) }
    return inferHere(call)
  }

  func inferHere(_ call: RESTCall) -> Eventual<HTTPResponse> {
    let request = call.request
    let loop = call.loop
    let found: (active: ServedVersion, meter: ModelMeter)
    do throws(ServingError) {
      found = try service.find(call.model, version: call.version)
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
}
