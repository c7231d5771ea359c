import NIOCore

/// An infer call as gRPC brought it: the call itself, and where its outputs go.
package struct GRPCInferRequest: InferCall, Equatable {
  package var request: InferRequest
  /// Outputs that go into memory which the caller has lent, by name.
  var placements: [String: SharedMemoryRegistry.Slice] = [:]
  /// The caller asks to be told which answer to its request is the last; here the only one.
  var wantsFinal = false

  /// Throws `.invalid` with every problem found, `.unsupported`, or what reading shared memory throws. Typed contents may come
  /// to no more than `maximumBytes`.
  package init(
    _ message: InferRequestMessage,
    sharedMemory: SharedMemoryRegistry,
    maximumBytes: Int
  ) throws(ServingError) {
    request = InferRequest(id: message.id.isEmpty ? nil : message.id, inputs: [])
    var problems: [String] = []
    var raw = message.rawContents[...]
    for input in message.inputs {
      do throws(ServingError) {
        request.inputs.append(try Self.tensor(input, message, &raw, sharedMemory, maximumBytes))
      } catch {
        guard error.kind == .invalid else { throw error }
        problems.append("input \(ServingError.quote(input.name)): \(error.message)")
      }
    }
    if !raw.isEmpty, problems.isEmpty {
      problems.append("raw_input_contents has \(raw.count) more than there are inputs without shared memory")
    }
    for output in message.outputs {
      do throws(ServingError) {
        placements[output.name] = try Self.placement(output.parameters)
        if Self.asksForClasses(output.parameters) {
          throw ServingError(.unsupported, "classification is not supported")
        }
      } catch {
        guard error.kind == .invalid else { throw error }
        problems.append("output \(ServingError.quote(output.name)): \(error.message)")
      }
    }
    if !message.outputs.isEmpty { request.outputs = message.outputs.map(\.name) }
    if let microseconds = message.parameters["timeout"] {
      if let count = microseconds.count {
        if count > 0 { request.timeout = .microseconds(Int64(min(count, 1 << 50))) }
      } else {
        problems.append("parameter 'timeout': expected a number of microseconds")
      }
    }
    wantsFinal = message.parameters["triton_enable_empty_final_response"] == .bool(true)
    guard problems.isEmpty else { throw ServingError(problems) }
  }

  private static func tensor(
    _ input: InferRequestMessage.Input,
    _ message: InferRequestMessage,
    _ raw: inout ArraySlice<ByteBuffer>,
    _ sharedMemory: SharedMemoryRegistry,
    _ maximumBytes: Int
  ) throws(ServingError) -> Tensor {
    guard let datatype = TensorDatatype(rawValue: input.datatype) else {
      let known = TensorDatatype.allCases.map(\.rawValue).joined(separator: ", ")
      throw ServingError(.invalid, "\(ServingError.quote(input.datatype)) is no datatype; there are \(known)")
    }
    func tensor(_ bytes: ByteBuffer) -> Tensor {
      Tensor(name: input.name, datatype: datatype, shape: input.shape, bytes: bytes)
    }
    if let placement = try placement(input.parameters) {
      guard input.contents.isEmpty else {
        throw ServingError(.invalid, "contents and shared memory are given, but only one can be the tensor")
      }
      return tensor(
        try sharedMemory.read(placement.region, offset: placement.offset, byteSize: placement.byteSize)
      )
    }
    guard message.rawContents.isEmpty else {
      guard input.contents.isEmpty else {
        throw ServingError(.invalid, "contents and raw_input_contents are given, but a request has one or the other")
      }
      guard let bytes = raw.popFirst() else {
        throw ServingError(.invalid, "raw_input_contents has only \(message.rawContents.count)")
      }
      return tensor(bytes)
    }
    return tensor(try TensorContents.bytes(of: input.contents, as: datatype, maximumBytes: maximumBytes))
  }

  /// Throws `.invalid` for parameters that name a region and no place in it, or a place and no region.
  private static func placement(
    _ parameters: [String: InferRequestMessage.Parameter]
  ) throws(ServingError) -> SharedMemoryRegistry.Slice? {
    func number(_ name: String) throws(ServingError) -> Int? {
      guard let parameter = parameters[name] else { return nil }
      guard let count = parameter.count, count <= 1 << 60 else {
        throw ServingError(.invalid, "parameter '\(name)': expected a number of bytes")
      }
      return Int(count)
    }
    let size = try number("shared_memory_byte_size")
    let offset = try number("shared_memory_offset")
    guard let region = parameters["shared_memory_region"] else {
      guard size == nil, offset == nil else {
        throw ServingError(.invalid, "parameter 'shared_memory_region' is missing")
      }
      return nil
    }
    guard case .string(let name) = region else {
      throw ServingError(.invalid, "parameter 'shared_memory_region': expected a name")
    }
    guard let size else { throw ServingError(.invalid, "parameter 'shared_memory_byte_size' is missing") }
    return SharedMemoryRegistry.Slice(region: name, offset: offset ?? 0, byteSize: size)
  }

  private static func asksForClasses(_ parameters: [String: InferRequestMessage.Parameter]) -> Bool {
    guard let classes = parameters["classification"] else { return false }
    return classes.count != 0
  }
}

extension InferRequestMessage.Parameter {
  /// A number that is no less than 0; nil for anything else.
  var count: UInt64? {
    switch self {
    case .int64(let number): UInt64(exactly: number)
    case .uint64(let number): number
    case .bool, .string, .double: nil
    }
  }
}
