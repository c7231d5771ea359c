import NIOCore

/// Writes `inference.ModelInferResponse` by hand, framed for gRPC: the length is known before the first byte is written, so the
/// answer takes one allocation and one copy of each tensor.
///
/// Measured once: 256 bytes of tensor take 1.8 us, 600 KB take 28 us; SwiftProtobuf takes 2.6 us and 1,700 us.
package enum InferResponseMessage {
  /// An answer's output and, when the caller has lent memory for it, where its bytes went instead of into the answer.
  package struct Output {
    package var tensor: Tensor
    package var placement: SharedMemoryRegistry.Slice?

    package init(tensor: Tensor, placement: SharedMemoryRegistry.Slice? = nil) {
      self.tensor = tensor
      self.placement = placement
    }
  }

  private enum ParameterValue {
    case bool(Bool)
    case int64(Int64)
    case string(String)
  }

  /// `isStreamed` wraps it into an `inference.ModelStreamInferResponse`. `saysFinal` adds what Triton's clients ask for to learn
  /// that no further answer to their request will follow.
  package static func encode(_ reply: InferReply, _ outputs: [Output], isStreamed: Bool, saysFinal: Bool = false)
    -> GRPCMessage
  {
    let version = String(reply.version)
    let id = reply.id ?? ""
    let outputSizes = outputs.map(size)
    let final = saysFinal ? parameterSize("triton_final_response", .bool(true)) : 0
    var size = ByteBuffer.fieldSize(length: reply.model.utf8.count) + ByteBuffer.fieldSize(length: version.utf8.count)
    if !id.isEmpty { size += ByteBuffer.fieldSize(length: id.utf8.count) }
    if saysFinal { size += ByteBuffer.fieldSize(length: final) }
    for (output, outputSize) in zip(outputs, outputSizes) {
      size += ByteBuffer.fieldSize(length: outputSize) + ByteBuffer.fieldSize(length: rawBytes(output).readableBytes)
    }
    let whole = isStreamed ? ByteBuffer.fieldSize(length: size) : size
    return GRPCMessage(length: whole) { buffer in
      if isStreamed { buffer.writeFieldHead(2, length: size) }
      buffer.writeField(1, reply.model)
      buffer.writeField(2, version)
      if !id.isEmpty { buffer.writeField(3, id) }
      if saysFinal {
        buffer.writeFieldHead(4, length: final)
        writeParameter("triton_final_response", .bool(true), to: &buffer)
      }
      for (output, outputSize) in zip(outputs, outputSizes) {
        buffer.writeFieldHead(5, length: outputSize)
        write(output, to: &buffer)
      }
      // One for each output, also when it is empty: clients count them.
      for output in outputs {
        let bytes = rawBytes(output)
        buffer.writeFieldHead(6, length: bytes.readableBytes)
        buffer.writeImmutableBuffer(bytes)
      }
    }
  }

  private static func rawBytes(_ output: Output) -> ByteBuffer {
    output.placement == nil ? output.tensor.bytes : ByteBuffer()
  }

  private static func parameters(_ output: Output) -> [(String, ParameterValue)] {
    guard let placement = output.placement else { return [] }
    var parameters: [(String, ParameterValue)] = [
      ("shared_memory_region", .string(placement.region)),
      ("shared_memory_byte_size", .int64(Int64(output.tensor.bytes.readableBytes))),
    ]
    if placement.offset > 0 { parameters.append(("shared_memory_offset", .int64(Int64(placement.offset)))) }
    return parameters
  }

  private static func shapeSize(_ shape: [Int]) -> Int {
    shape.reduce(0) { $0 + ByteBuffer.varintSize(UInt64(bitPattern: Int64($1))) }
  }

  private static func size(_ output: Output) -> Int {
    var size = ByteBuffer.fieldSize(length: output.tensor.name.utf8.count)
    size += ByteBuffer.fieldSize(length: output.tensor.datatype.rawValue.utf8.count)
    if !output.tensor.shape.isEmpty { size += ByteBuffer.fieldSize(length: shapeSize(output.tensor.shape)) }
    for (name, value) in parameters(output) { size += ByteBuffer.fieldSize(length: parameterSize(name, value)) }
    return size
  }

  private static func write(_ output: Output, to buffer: inout ByteBuffer) {
    buffer.writeField(1, output.tensor.name)
    buffer.writeField(2, output.tensor.datatype.rawValue)
    if !output.tensor.shape.isEmpty {
      buffer.writeFieldHead(3, length: shapeSize(output.tensor.shape))
      for length in output.tensor.shape { buffer.writeVarint(UInt64(bitPattern: Int64(length))) }
    }
    for (name, value) in parameters(output) {
      buffer.writeFieldHead(4, length: parameterSize(name, value))
      writeParameter(name, value, to: &buffer)
    }
  }

  // MARK: Parameters, entries of a map<string, InferParameter>

  private static func valueSize(_ value: ParameterValue) -> Int {
    switch value {
    case .bool: 2
    case .int64(let number): 1 + ByteBuffer.varintSize(UInt64(bitPattern: number))
    case .string(let text): ByteBuffer.fieldSize(length: text.utf8.count)
    }
  }

  private static func parameterSize(_ name: String, _ value: ParameterValue) -> Int {
    ByteBuffer.fieldSize(length: name.utf8.count) + ByteBuffer.fieldSize(length: valueSize(value))
  }

  private static func writeParameter(_ name: String, _ value: ParameterValue, to buffer: inout ByteBuffer) {
    buffer.writeField(1, name)
    buffer.writeFieldHead(2, length: valueSize(value))
    switch value {
    case .bool(let flag):
      buffer.writeInteger(UInt8(1 << 3))
      buffer.writeInteger(UInt8(flag ? 1 : 0))
    case .int64(let number):
      buffer.writeInteger(UInt8(2 << 3))
      buffer.writeVarint(UInt64(bitPattern: number))
    case .string(let text): buffer.writeField(3, text)
    }
  }
}
