import NIOCore
import NIOHTTP1

/// The body of an infer call, whichever of its forms the head announces.
enum RESTInferBody {
  /// `encoding` is the request's first `Content-Encoding`, nil when it has none. A long body holds up the thread.
  static func decode(
    _ request: HTTPRequest,
    _ encoding: String?,
    for inputs: [TensorDescription],
    _ sharedMemory: SharedMemoryRegistry
  ) throws(ServingError) -> RESTInferRequest {
    guard encoding != nil else { return try decode(request, request.body, for: inputs, sharedMemory, nil) }
    let held = request.census.beginHolding()
    let body = try BodyDecompression.decompressed(request, held: held)
    var call = try decode(request, body, for: inputs, sharedMemory, held)
    call.held = held
    return call
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
