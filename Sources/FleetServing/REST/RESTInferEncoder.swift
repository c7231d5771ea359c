import FleetCore
import NIOCore

/// Writes the reply to an infer call: JSON, and behind it the outputs that go as binary data.
enum RESTInferEncoder {
  struct Encoded {
    var body: ByteBuffer
    /// How much of `body` is JSON; nil when all is.
    var jsonLength: Int?
  }

  /// Throws `.invalid` when an output has no JSON form and was not asked for as binary data, or does not fit into its place in
  /// shared memory.
  static func encode(_ reply: InferReply, for request: RESTInferRequest, _ sharedMemory: SharedMemoryRegistry)
    throws(ServingError) -> Encoded
  {
    var json = ByteBufferAllocator().buffer(
      capacity: 256 + reply.outputs.reduce(0) { $0 + 64 + $1.bytes.readableBytes * 3 }
    )
    json.writeStaticString("{\"model_name\":")
    json.writeString(JSONText.quoted(reply.model))
    json.writeStaticString(",\"model_version\":\"")
    json.writeString(String(reply.version))
    json.writeStaticString("\"")
    if let id = reply.id {
      json.writeStaticString(",\"id\":")
      json.writeString(JSONText.quoted(id))
    }
    json.writeStaticString(",\"outputs\":[")
    var hasBinary = false
    for (index, output) in reply.outputs.enumerated() {
      if index > 0 { json.writeStaticString(",") }
      json.writeStaticString("{\"name\":")
      json.writeString(JSONText.quoted(output.name))
      json.writeStaticString(",\"datatype\":\"")
      json.writeString(output.datatype.rawValue)
      json.writeStaticString("\",\"shape\":")
      write(output.shape, to: &json)
      switch request.form(of: output.name) {
      case .shared(let slice):
        try sharedMemory.write(output.bytes, to: slice.region, offset: slice.offset, byteSize: slice.byteSize)
        // No parameters: Triton's C++ client (2.49) takes any for those of binary data, and fails for want of their size.
        json.writeStaticString("}")
      case .binary:
        hasBinary = true
        json.writeStaticString(",\"parameters\":{\"binary_data_size\":")
        json.writeString(String(output.bytes.readableBytes))
        json.writeStaticString("}}")
      case .json:
        json.writeStaticString(",\"data\":")
        try TensorJSONWriter.write(output, to: &json)
        json.writeStaticString("}")
      }
    }
    json.writeStaticString("]}")
    guard hasBinary else { return Encoded(body: json) }
    let jsonLength = json.readableBytes
    for output in reply.outputs where request.form(of: output.name) == .binary {
      json.writeImmutableBuffer(output.bytes)
    }
    return Encoded(body: json, jsonLength: jsonLength)
  }

  private static func write(_ shape: [Int], to json: inout ByteBuffer) {
    json.writeStaticString("[")
    for (index, length) in shape.enumerated() {
      if index > 0 { json.writeStaticString(",") }
      json.writeString(String(length))
    }
    json.writeStaticString("]")
  }
}
