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
    let encoding = request.headers.first(name: "content-encoding")
    let sharedMemory = service.sharedMemory
    let inputs = found.active.model.inputs
    return service.infer(
      on: found.active,
      meter: found.meter,
      context: request.context,
      loop: loop,
      bodyBytes: encoding == nil ? bytesToRead(request, for: inputs) : request.census.decompressedBytes
    ) { () throws(ServingError) in
      try RESTInferBody.decode(request, encoding, for: inputs, sharedMemory)
    } encode: { result, call in
      let response = Self.response(result, to: call, sharedMemory)
      return Self.compressed(response, for: request, on: loop)
    }
  }

  /// How much decoding has to look at, or copy, at most. Binary data is passed on where it lies, unless it is text that must be
  /// checked. A request names the shared memory it uses somewhere in its JSON; that is looked for only where there is so much of
  /// it that copying would hold up the event loop.
  private func bytesToRead(_ request: HTTPRequest, for inputs: [TensorDescription]) -> Int {
    var count = request.body.readableBytes
    if count > Self.longestDocument, !inputs.contains(where: { $0.datatype == .bytes }) {
      let json = request.headers.first(name: "inference-header-content-length").flatMap { Int($0) }
      count = json.map { max(0, min($0, count)) } ?? count
    }
    let longest = service.sharedMemory.longestRegion
    guard longest > Self.longestCopyInline, count <= Self.longestDocument, namesSharedMemory(request, in: count) else {
      return count
    }
    return max(count, longest)
  }

  /// Whether tensors of `request` may lie in this machine's memory. What names it is looked for, not read, in the first `bytes`: a
  /// request that does not use it may be taken for one that does.
  func namesSharedMemory(_ request: HTTPRequest, in bytes: Int = .max) -> Bool {
    service.sharedMemory.longestRegion > 0
      && request.body.readableBytesView.prefix(bytes).firstRange(of: "shared_memory_region".utf8) != nil
  }

  /// Some 10 GB a second.
  private static let longestCopyInline = 1 << 20
  /// More is read by a worker anyway.
  private static let longestDocument = 64 << 10

  private static func response(
    _ result: Result<InferReply, ServingError>,
    to call: RESTInferRequest?,
    _ sharedMemory: SharedMemoryRegistry
  ) -> HTTPResponse {
    do throws(ServingError) {
      let reply = try result.get()
      guard let call else { throw ServingError(.failed, "the request was not read") }
      return RESTResponses.inferred(try RESTInferEncoder.encode(reply, for: call, sharedMemory))
    } catch {
      return RESTResponses.error(error)
    }
  }
}
