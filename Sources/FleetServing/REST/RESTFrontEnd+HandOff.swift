import NIOCore
import NIOHTTP1

/// Infer calls while this node drains: siblings answer them, and this node where none does.
extension RESTFrontEnd {
  func passOn(_ call: RESTCall, _ plan: HandOff.Plan) -> Eventual<HTTPResponse> {
    let request = call.request
    if let passer = request.headers.first(name: HandOff.headerName) {
      let message = "this node drains too: \(ServingError.quote(passer)) must ask another"
      return .now(RESTResponses.error(ServingError(.unavailable, message)))
    }
    guard !plan.siblings.isEmpty, !namesSharedMemory(request) else { return serveAlone(call, plan) }
    let expected = service.registry.find(call.model)?.active.estimatedTime(bytes: request.body.readableBytes)
    let patience = RelayPatience(expectedTime: expected)
    return .later(
      relay.answer(request, from: plan.siblings, patience: patience, on: call.loop).flatMap { [self] response in
        if let response {
          service.registry.find(call.model)?.meter.handedOff()
          return call.loop.makeSucceededFuture(response)
        }
        return serveAlone(call, plan).future(on: call.loop)
      }
    )
  }

  /// The last resort: better here than not at all, unless the operator wants otherwise.
  private func serveAlone(_ call: RESTCall, _ plan: HandOff.Plan) -> Eventual<HTTPResponse> {
    if !plan.refusesWhenAlone, service.registry.find(call.model) != nil { return inferHere(call) }
    let message =
      if plan.siblings.isEmpty {
        "this node is draining and has no sibling to hand requests to"
      } else if namesSharedMemory(call.request) {
        "this node is draining, and its siblings cannot reach the shared memory of this one"
      } else {
        "this node is draining, and none of its siblings serves \(ServingError.quote(call.model)) now"
      }
    return .now(RESTResponses.error(ServingError(.unavailable, message)))
  }
}
