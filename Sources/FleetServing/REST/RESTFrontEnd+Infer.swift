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
      guard let encoding else { return try Self.decode(request, request.body, for: inputs, sharedMemory, nil) }
      let held = request.census.beginHolding()
      let body = try Self.decompress(request, encoding, held)
      var call = try Self.decode(request, body, for: inputs, sharedMemory, held)
      call.held = held
      return call
    } encode: { result, call in
      let response = Self.response(result, to: call, sharedMemory)
      return Self.compressed(response, for: request, on: loop)
    }
  }

  /// At most. A request names the shared memory it uses somewhere in its body; that is looked for only where there is so much of
  /// it that copying would hold up the event loop.
  private func bytesToRead(_ request: HTTPRequest, for inputs: [TensorDescription]) -> Int {
    var body = request.body.readableBytes
    // What follows the JSON document is passed on as it is, unless it is made of elements that are looked at one by one.
    if let length = request.headers.first(name: "inference-header-content-length").flatMap({ Int($0) }), length >= 0,
      !inputs.contains(where: { $0.datatype == .bytes })
    {
      body = min(body, length)
    }
    let longest = service.sharedMemory.longestRegion
    guard longest > Self.longestCopyInline, body <= Self.longestDocument, namesSharedMemory(request) else {
      return body
    }
    return max(body, longest)
  }

  /// Whether tensors of `request` may lie in this machine's memory. What names it is looked for, not read: a request that does not
  /// use it may be taken for one that does.
  func namesSharedMemory(_ request: HTTPRequest) -> Bool {
    service.sharedMemory.longestRegion > 0
      && request.body.readableBytesView.firstRange(of: "shared_memory_region".utf8) != nil
  }

  /// Some 10 GB a second.
  private static let longestCopyInline = 1 << 20
  /// The worker that reads a longer body does not mind.
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

  private static func decompress(
    _ request: HTTPRequest,
    _ field: String,
    _ held: HeldBytes
  ) throws(ServingError) -> ByteBuffer {
    let fields = request.headers["content-encoding"]
    let field = fields.count > 1 ? fields.joined(separator: ", ") : field
    switch ContentEncoding.named(field) {
    case .identity: return request.body
    case .known(let encoding): return try BodyDecompression.decompress(request.body, encoding, held: held)
    case .unknown:
      throw ServingError(
        .unsupportedEncoding,
        "Content-Encoding \(ServingError.quote(field)) is not taken: compress with gzip or deflate, or not at all"
      )
    }
  }

  /// `body` is that of `request`, decompressed.
  private static func decode(
    _ request: HTTPRequest,
    _ body: ByteBuffer,
    for inputs: [TensorDescription],
    _ sharedMemory: SharedMemoryRegistry,
    _ held: HeldBytes?
  ) throws(ServingError) -> RESTInferRequest {
    var jsonLength: Int?
    if let text = request.headers.first(name: "inference-header-content-length") {
      guard let length = Int(text), length >= 0 else {
        throw ServingError(
          .invalid,
          "Inference-Header-Content-Length: expected a whole number, found \(ServingError.quote(text))"
        )
      }
      jsonLength = length
    } else if request.headers.first(name: "content-type")?.lowercased().hasPrefix("application/octet-stream") == true {
      jsonLength = 0
    }
    if jsonLength == 0 { return try RESTRawInput.decode(body, for: inputs) }
    return try RESTInferDecoder.decode(
      body,
      jsonLength: jsonLength,
      sharedMemory: sharedMemory,
      held: held ?? request.census.beginHolding()
    )
  }
}
