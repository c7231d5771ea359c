import NIOCore

/// An infer call as REST brought it: the call itself, and in which form its outputs go back.
struct RESTInferRequest: InferCall, Equatable {
  var request: InferRequest
  /// Outputs answered as binary data, by name, where the caller said so; and what holds for the others.
  var binaryOutputs: [String: Bool] = [:]
  var isBinaryByDefault = false

  func isBinary(_ output: String) -> Bool {
    binaryOutputs[output] ?? isBinaryByDefault
  }
}

/// Decodes the body of an infer call: JSON, and behind it the binary data of the inputs that announce some
/// (Open Inference Protocol v2, "Binary tensor data extension").
struct RESTInferDecoder {
  static let maximumRank = 16
  static let maximumTensors = 256

  /// What is known of an input while its members are read, in whatever order they come.
  private struct Input {
    var name: String?
    var datatype: TensorDatatype?
    var shape: [Int]?
    var dataOffset: Int?
    var data: ByteBuffer?
    var binarySize: Int?
  }

  private struct Output {
    var name: String?
    var isBinary: Bool?
  }

  private var result = RESTInferRequest(request: InferRequest(inputs: []))
  private var inputs: [Input] = []
  private var hasInputs = false

  /// `jsonLength` is the header `Inference-Header-Content-Length`: how much of `body` is JSON; nil for all.
  static func decode(_ body: ByteBuffer, jsonLength: Int?) throws(ServingError) -> RESTInferRequest {
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
    return try decoder.finish(binary: &binary)
  }

  private mutating func read(_ reader: inout JSONReader) throws(JSONError) {
    var decoder = self
    defer { self = decoder }
    try reader.readObject { (reader, key) throws(JSONError) in
      switch key {
      case "id": decoder.result.request.id = try reader.readString()
      case "parameters": try decoder.readParameters(&reader)
      case "inputs":
        guard !decoder.hasInputs else { throw reader.error("'inputs' is there twice") }
        decoder.hasInputs = true
        try reader.readArray { (reader, index) throws(JSONError) in
          guard index < Self.maximumTensors else { throw reader.error("more than \(Self.maximumTensors) inputs") }
          decoder.inputs.append(try Self.readInput(&reader))
        }
      case "outputs": try decoder.readOutputs(&reader)
      default: try reader.skipValue()
      }
    }
  }

  private mutating func readParameters(_ reader: inout JSONReader) throws(JSONError) {
    var isBinary: Bool?
    try reader.readObject { (reader, key) throws(JSONError) in
      if key == "binary_data_output" { isBinary = try reader.readBool() } else { try reader.skipValue() }
    }
    if let isBinary { result.isBinaryByDefault = isBinary }
  }

  private static func readInput(_ reader: inout JSONReader) throws(JSONError) -> Input {
    var input = Input()
    try reader.readObject { (reader, key) throws(JSONError) in
      switch key {
      case "name": input.name = try reader.readString()
      case "datatype":
        let start = reader.offset
        let name = try reader.readString()
        guard let datatype = TensorDatatype(rawValue: name) else {
          throw reader.error("unknown datatype \(ServingError.quote(name))", at: start)
        }
        input.datatype = datatype
      case "shape": input.shape = try readShape(&reader)
      case "parameters": input.binarySize = try readBinarySize(&reader)
      case "data":
        guard input.dataOffset == nil else { throw reader.error("'data' is there twice") }
        _ = reader.peek()
        input.dataOffset = reader.offset
        if input.datatype != nil, input.shape != nil {
          input.data = try readData(&reader, of: input)
        } else {
          try reader.skipValue()
        }
      default: try reader.skipValue()
      }
    }
    if input.data == nil, let offset = input.dataOffset {
      // Datatype or shape came after the data: now that both are known it is read again.
      let end = reader.offset
      reader.rewind(to: offset)
      input.data = try readData(&reader, of: input)
      reader.rewind(to: end)
    }
    return input
  }

  private static func readData(_ reader: inout JSONReader, of input: Input) throws(JSONError) -> ByteBuffer? {
    // What is missing is told when all is read.
    guard let datatype = input.datatype, let shape = input.shape else { return nil }
    guard let count = Tensor.elementCount(shape) else {
      throw reader.error("shape \(InferValidation.text(shape)) holds more elements than can be counted")
    }
    return try TensorJSONReader.read(&reader, datatype: datatype, shape: shape, count: count)
  }

  private static func readShape(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
    var shape: [Int] = []
    try reader.readArray { (reader, index) throws(JSONError) in
      guard index < maximumRank else { throw reader.error("a shape of more than \(maximumRank) dimensions") }
      shape.append(try reader.readSize("a dimension"))
    }
    return shape
  }

  private static func readBinarySize(_ reader: inout JSONReader) throws(JSONError) -> Int? {
    var size: Int?
    try reader.readObject { (reader, key) throws(JSONError) in
      if key == "binary_data_size" {
        size = try reader.readSize("binary_data_size")
      } else if key.hasPrefix("shared_memory") {
        throw reader.error("shared memory is not supported")
      } else {
        try reader.skipValue()
      }
    }
    return size
  }

  private mutating func readOutputs(_ reader: inout JSONReader) throws(JSONError) {
    var outputs: [Output] = []
    try reader.readArray { (reader, index) throws(JSONError) in
      guard index < Self.maximumTensors else { throw reader.error("more than \(Self.maximumTensors) outputs") }
      var output = Output()
      try reader.readObject { (reader, key) throws(JSONError) in
        switch key {
        case "name": output.name = try reader.readString()
        case "parameters":
          try reader.readObject { (reader, key) throws(JSONError) in
            switch key {
            case "binary_data": output.isBinary = try reader.readBool()
            case "classification": throw reader.error("classification is not supported")
            default: try reader.skipValue()
            }
          }
        default: try reader.skipValue()
        }
      }
      guard let name = output.name else { throw reader.error("outputs[\(index)].name is missing") }
      result.binaryOutputs[name] = output.isBinary
      outputs.append(output)
    }
    // An empty list asks for no less than an absent one.
    if !outputs.isEmpty { result.request.outputs = outputs.compactMap(\.name) }
  }

  private consuming func finish(binary: inout ByteBuffer) throws(ServingError) -> RESTInferRequest {
    guard hasInputs else { throw ServingError(.invalid, "'inputs' is missing") }
    var problems: [String] = []
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
      switch (input.data, input.binarySize) {
      case (let data?, nil):
        result.request.inputs.append(Tensor(name: name, datatype: datatype, shape: shape, bytes: data))
      case (nil, let size?):
        guard let bytes = binary.readSlice(length: size) else {
          problems.append("\(place): binary_data_size is \(size), but only \(binary.readableBytes) bytes are left")
          continue
        }
        result.request.inputs.append(Tensor(name: name, datatype: datatype, shape: shape, bytes: bytes))
      case (.some, .some): problems.append("\(place): has both data and binary_data_size")
      case (nil, nil): problems.append("\(place): has neither data nor binary_data_size")
      }
    }
    if problems.isEmpty, binary.readableBytes > 0 {
      problems.append("\(binary.readableBytes) bytes of binary data belong to no input")
    }
    guard problems.isEmpty else { throw ServingError(.invalid, problems.joined(separator: "; ")) }
    return result
  }
}
