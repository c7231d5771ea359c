import FleetCore
import NIOCore
import NIOHTTP1

/// The call that computes.
extension RESTFrontEnd {
  func infer(_ call: RESTCall) -> Eventual<HTTPResponse> {
    let request = call.request
    let encoding = request.headers.first(name: "content-encoding")
    let sharedMemory = service.sharedMemory
    let loop = call.loop
    let attempt = InferDispatch.Attempt<RESTInferRequest, HTTPResponse>(
      model: call.model,
      version: call.version,
      context: request.context,
      length: request.body.readableBytes,
      bodyBytes: { target in
        encoding == nil
          ? Self.bytesToRead(request, for: target.model.inputs, sharedMemory) : request.census.decompressedBytes
      },
      handedOffBy: request.headers.first(name: HandOff.headerName),
      isBoundHere: { sharedMemory.mayBeNamed(in: request.body.readableBytesView) },
      passedOn: { request },
      decode: { (target) throws(ServingError) in
        try RESTInferBody.decode(request, encoding, for: target.model.inputs, sharedMemory)
      },
      encode: { result, call in
        Self.compressed(Self.response(result, to: call, sharedMemory), for: request, on: loop)
      },
      adopt: { $0 }
    )
    return dispatch.answer(attempt, on: loop).map { counted in
      var response = counted.answer
      response.ticket = counted.ticket
      return response
    }
  }

  /// How much decoding has to look at, or copy, at most. Binary data is passed on where it lies, unless it is text that must be
  /// checked. A request names the shared memory it uses somewhere in its JSON; that is looked for only where there is so much of
  /// it that copying would hold up the event loop.
  private static func bytesToRead(
    _ request: HTTPRequest,
    for inputs: [TensorDescription],
    _ sharedMemory: SharedMemoryRegistry
  ) -> Int {
    var count = request.body.readableBytes
    if count > longestDocument, !inputs.contains(where: { $0.datatype == .bytes }) {
      let json = request.headers.first(name: "inference-header-content-length").flatMap { Int($0) }
      count = json.map { max(0, min($0, count)) } ?? count
    }
    let longest = sharedMemory.longestRegion
    guard longest > longestCopyInline, count <= longestDocument,
      sharedMemory.mayBeNamed(in: request.body.readableBytesView.prefix(count))
    else { return count }
    return max(count, longest)
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
