/// The messages of `inference.GRPCInferenceService` that a benchmark sends and reads, with gRPC's prefix of five bytes.
/// Field numbers are those of the Open Inference Protocol's grpc_predict_v2.proto.
enum GRPCMessages {
  static let service = "/inference.GRPCInferenceService"

  static func metadata(model: BenchModelName) -> [UInt8] {
    var message = ProtobufWriter()
    message.text(1, model.name)
    if let version = model.version { message.text(2, version) }
    return framed(message.bytes)
  }

  static func infer(model: BenchModelName, tensors: [BenchTensor]) -> [UInt8] {
    var message = ProtobufWriter()
    message.text(1, model.name)
    if let version = model.version { message.text(2, version) }
    for tensor in tensors {
      var input = ProtobufWriter()
      input.text(1, tensor.name)
      input.text(2, tensor.datatype)
      input.packed(3, tensor.shape)
      message.bytes(5, input.bytes)
    }
    for tensor in tensors { message.bytes(7, tensor.bytes) }
    return framed(message.bytes)
  }

  /// The inputs that a ModelMetadataResponse names, with its prefix.
  static func inputs(inMetadata answer: [UInt8]) throws(BenchError) -> [BenchInput] {
    guard answer.count >= 5, answer[0] == 0 else {
      throw BenchError("the model's metadata came compressed or not at all")
    }
    return ProtobufReader(answer[5...]).compactMap { field, value in
      guard field == 4, case .bytes(let input) = value else { return nil }
      return Self.input(input)
    }
  }

  private static func input(_ message: ArraySlice<UInt8>) -> BenchInput {
    var input = BenchInput(name: "", datatype: "", shape: [])
    for (field, value) in ProtobufReader(message) {
      switch (field, value) {
      case (1, .bytes(let text)): input.name = String(decoding: text, as: UTF8.self)
      case (2, .bytes(let text)): input.datatype = String(decoding: text, as: UTF8.self)
      case (3, .bytes(let packed)):
        var lengths = ProtobufReader(packed)
        while let length = lengths.varint() { input.shape.append(Int(truncatingIfNeeded: length)) }
      case (3, .varint(let length)): input.shape.append(Int(truncatingIfNeeded: length))
      default: break
      }
    }
    return input
  }

  /// A byte that says 'not compressed', and the length.
  private static func framed(_ message: [UInt8]) -> [UInt8] {
    let length = UInt32(message.count)
    return [0, UInt8(length >> 24), UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
      + message
  }
}
