import NIOCore

/// Decodes the body of an infer call: JSON, and behind it the binary data of the inputs that announce some
/// (Open Inference Protocol v2, "Binary tensor data extension").
struct RESTInferDecoder {
  static let maximumTensors = 256

  private struct Members: OptionSet {
    let rawValue: UInt8
    static let id = Members(rawValue: 1)
    static let parameters = Members(rawValue: 2)
    static let inputs = Members(rawValue: 4)
    static let outputs = Members(rawValue: 8)
  }

  private var result = RESTInferRequest(request: InferRequest(inputs: []))
  private var inputs: [RESTInput] = []
  private var members: Members = []

  /// `jsonLength` is the header `Inference-Header-Content-Length`: how much of `body` is JSON; nil for all. Inputs in shared
  /// memory come from `sharedMemory` and are counted by `held`.
  static func decode(
    _ body: ByteBuffer,
    jsonLength: Int?,
    sharedMemory: SharedMemoryRegistry,
    held: @autoclosure () -> HeldBytes
  ) throws(ServingError) -> RESTInferRequest {
    var binary = body
    let length = jsonLength ?? body.readableBytes
    guard length >= 0, let json = binary.readBytes(length: length) else {
      throw ServingError(
        .invalid,
        "Inference-Header-Content-Length is \(length), but the body has \(body.readableBytes) bytes"
      )
    }
    var decoder = RESTInferDecoder()
    do throws(JSONError) {
      var reader = JSONReader(json)
      try decoder.read(&reader)
      try reader.expectEnd()
    } catch {
      throw ServingError(.invalid, "the request is not as expected at byte \(error.offset): \(error.message)")
    }
    return try decoder.finish(binary: &binary, sharedMemory, held)
  }

  private mutating func read(_ reader: inout JSONReader) throws(JSONError) {
    var decoder = self
    defer { self = decoder }
    try reader.readObject { (reader, key) throws(JSONError) in
      switch key {
      case "id":
        try decoder.begin(.id, key, reader)
        decoder.result.request.id = try reader.readString()
      case "parameters":
        try decoder.begin(.parameters, key, reader)
        let parameters = try RESTInferParameters.Request(&reader)
        decoder.result.isBinaryByDefault = parameters.isBinaryOutput ?? false
        decoder.result.request.timeout = parameters.timeout
      case "inputs":
        try decoder.begin(.inputs, key, reader)
        try reader.readArray { (reader, index) throws(JSONError) in
          guard index < Self.maximumTensors else { throw reader.error("more than \(Self.maximumTensors) inputs") }
          decoder.inputs.append(try RESTInput(&reader))
        }
      case "outputs":
        try decoder.begin(.outputs, key, reader)
        try decoder.readOutputs(&reader)
      default: try reader.skipValue()
      }
    }
  }

  private mutating func begin(_ member: Members, _ key: String, _ reader: JSONReader) throws(JSONError) {
    guard members.insert(member).inserted else { throw reader.error("'\(key)' is there twice") }
  }

  private mutating func readOutputs(_ reader: inout JSONReader) throws(JSONError) {
    var names: [String] = []
    try reader.readArray { (reader, index) throws(JSONError) in
      guard index < Self.maximumTensors else { throw reader.error("more than \(Self.maximumTensors) outputs") }
      var name: String?
      var parameters = RESTInferParameters.Tensor()
      try reader.readObject { (reader, key) throws(JSONError) in
        switch key {
        case "name": name = try reader.readString()
        case "parameters": parameters = try RESTInferParameters.Tensor(&reader)
        default: try reader.skipValue()
        }
      }
      guard let name else { throw reader.error("outputs[\(index)].name is missing") }
      if let slice = parameters.slice {
        result.outputForms[name] = .shared(slice)
      } else if let isBinary = parameters.isBinary {
        result.outputForms[name] = isBinary ? .binary : .json
      }
      names.append(name)
    }
    // An empty list asks for no less than an absent one.
    if !names.isEmpty { result.request.outputs = names }
  }

  // MARK: Putting together

  /// Takes the inputs' binary data from `binary`, which must be used up then.
  private consuming func finish(
    binary: inout ByteBuffer,
    _ sharedMemory: SharedMemoryRegistry,
    _ held: () -> HeldBytes
  ) throws(ServingError) -> RESTInferRequest {
    var problems: [String] = []
    if !members.contains(.inputs) { problems.append("'inputs' is missing") }
    for (index, input) in inputs.enumerated() {
      let place = "inputs[\(index)]"
      guard let name = input.name, let datatype = input.datatype, let shape = input.shape else {
        let missing = [
          input.name == nil ? "name" : nil, input.datatype == nil ? "datatype" : nil,
          input.shape == nil ? "shape" : nil,
        ]
        problems += missing.compactMap { $0 }.map { "\(place).\($0) is missing" }
        continue
      }
      let bytes: ByteBuffer
      switch (input.data, input.parameters.binarySize, input.parameters.slice) {
      case (let data?, nil, nil): bytes = data
      case (nil, let size?, nil):
        guard let slice = binary.readSlice(length: size) else {
          problems.append("\(place): binary_data_size is \(size), but only \(binary.readableBytes) bytes are left")
          continue
        }
        bytes = slice
      case (nil, nil, let slice?):
        do throws(ServingError) {
          if result.held == nil { result.held = held() }
          bytes = try Self.read(slice, datatype, shape, sharedMemory, result.held)
        } catch {
          guard error.kind == .invalid else { throw error }
          problems.append("\(place): \(error.message)")
          continue
        }
      case (nil, nil, nil):
        problems.append("\(place): has neither data nor binary_data_size nor shared_memory_region")
        continue
      default:
        problems.append("\(place): has more than one of data, binary_data_size and shared_memory_region")
        continue
      }
      result.request.inputs.append(Tensor(name: name, datatype: datatype, shape: shape, bytes: bytes))
    }
    if problems.isEmpty, binary.readableBytes > 0 {
      problems.append("\(binary.readableBytes) bytes of binary data belong to no input")
    }
    guard problems.isEmpty else { throw ServingError(problems) }
    return result
  }

  /// Copies no more than a tensor of that datatype and shape takes.
  private static func read(
    _ slice: SharedMemoryRegistry.Slice,
    _ datatype: TensorDatatype,
    _ shape: [Int],
    _ sharedMemory: SharedMemoryRegistry,
    _ held: HeldBytes?
  ) throws(ServingError) -> ByteBuffer {
    if let size = datatype.size {
      let needed = Tensor.elementCount(shape)?.multipliedReportingOverflow(by: size)
      guard let needed, !needed.overflow, needed.partialValue == slice.byteSize else {
        let shape = InferValidation.excerpt(shape)
        throw ServingError(
          .invalid,
          "shared_memory_byte_size is \(slice.byteSize), which is not what shape \(shape) of \(datatype.rawValue) takes"
        )
      }
    }
    try held?.hold(slice.byteSize)
    return try sharedMemory.read(slice.region, offset: slice.offset, byteSize: slice.byteSize)
  }
}
