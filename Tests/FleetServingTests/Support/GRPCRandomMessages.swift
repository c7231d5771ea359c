import FleetServing
import Foundation
import NIOCore
import SwiftProtobuf

import struct FleetTestSupport.SeededRandom

extension SeededRandom {
  private mutating func some<Value>(_ most: Int, _ make: (inout Self) -> Value) -> [Value] {
    (0..<Int.random(in: 0...most, using: &self)).map { _ in make(&self) }
  }

  private mutating func text() -> String {
    ["", "a", "pixels", "FP32", "größe", String(repeating: "x", count: 200), "timeout"].randomElement(using: &self)
      ?? ""
  }

  mutating func name() -> String { text() }

  private mutating func number() -> Int64 {
    [0, 1, -1, 127, 128, -128, 300, Int64.max, Int64.min, Int64(truncatingIfNeeded: next())].randomElement(using: &self)
      ?? 0
  }

  private mutating func parameters() -> [String: Inference_InferParameter] {
    var parameters: [String: Inference_InferParameter] = [:]
    for _ in 0..<Int.random(in: 0...2, using: &self) {
      parameters[text()] = .with { parameter in
        switch Int.random(in: 0...5, using: &self) {
        case 0: parameter.boolParam = Bool.random(using: &self)
        case 1: parameter.int64Param = number()
        case 2: parameter.stringParam = text()
        case 3: parameter.doubleParam = Double(number())
        case 4: parameter.uint64Param = UInt64(bitPattern: number())
        default: break
        }
      }
    }
    return parameters
  }

  private mutating func contents(_ datatype: TensorDatatype?) -> Inference_InferTensorContents {
    .with { contents in
      switch datatype {
      case .bool: contents.boolContents = some(5) { Bool.random(using: &$0) }
      case .int8, .int16: contents.intContents = some(5) { Int32.random(in: -200...200, using: &$0) }
      case .int32: contents.intContents = some(5) { Int32(truncatingIfNeeded: $0.number()) }
      case .int64: contents.int64Contents = some(5) { $0.number() }
      case .uint8, .uint16: contents.uintContents = some(5) { UInt32.random(in: 0...300, using: &$0) }
      case .uint32: contents.uintContents = some(5) { UInt32(truncatingIfNeeded: $0.number()) }
      case .uint64: contents.uint64Contents = some(5) { UInt64(bitPattern: $0.number()) }
      case .fp32: contents.fp32Contents = some(5) { Float($0.number()) }
      case .fp64: contents.fp64Contents = some(5) { Double($0.number()) }
      case .bytes: contents.bytesContents = some(5) { Data($0.text().utf8) }
      case .fp16, .bf16, nil: break
      }
    }
  }

  mutating func request() -> Inference_ModelInferRequest {
    .with { request in
      request.modelName = text()
      request.modelVersion = text()
      request.id = text()
      request.parameters = parameters()
      request.inputs = some(3) { random in
        .with { input in
          let datatype = TensorDatatype.allCases.randomElement(using: &random)
          input.name = random.text()
          input.datatype = Bool.random(using: &random) ? datatype?.rawValue ?? "" : random.text()
          input.shape = random.some(4) { $0.number() }
          input.parameters = random.parameters()
          if Bool.random(using: &random) { input.contents = random.contents(TensorDatatype(rawValue: input.datatype)) }
        }
      }
      request.outputs = some(2) { random in
        .with { output in
          output.name = random.text()
          output.parameters = random.parameters()
        }
      }
      request.rawInputContents = some(3) { Data($0.text().utf8) }
    }
  }
}

extension InferRequestMessage {
  /// What SwiftProtobuf has read, as our codec says it.
  init(_ request: Inference_ModelInferRequest) throws {
    try self.init(ByteBuffer())
    func parameters(_ theirs: [String: Inference_InferParameter]) -> [String: Parameter] {
      theirs.compactMapValues { parameter in
        switch parameter.parameterChoice {
        case .boolParam(let value): .bool(value)
        case .int64Param(let value): .int64(value)
        case .stringParam(let value): .string(value)
        case .doubleParam(let value): .double(value)
        case .uint64Param(let value): .uint64(value)
        case nil: nil
        }
      }
    }
    model = request.modelName
    version = request.modelVersion
    id = request.id
    self.parameters = parameters(request.parameters)
    inputs = try request.inputs.map { theirs in
      var input = Input()
      input.name = theirs.name
      input.datatype = theirs.datatype
      input.shape = theirs.shape.map { Int($0) }
      input.parameters = parameters(theirs.parameters)
      if theirs.hasContents { input.contents = [try GRPCTestClient.bytes(theirs.contents)] }
      return input
    }
    outputs = request.outputs.map { theirs in
      var output = Output()
      output.name = theirs.name
      output.parameters = parameters(theirs.parameters)
      return output
    }
    rawContents = request.rawInputContents.map { ByteBuffer(bytes: $0) }
  }

  var withoutContents: InferRequestMessage {
    var copy = self
    for index in copy.inputs.indices { copy.inputs[index].contents = [] }
    return copy
  }
}

extension Inference_ModelInferRequest {
  var withoutParameters: Inference_ModelInferRequest {
    var copy = self
    copy.parameters = [:]
    for index in inputs.indices { copy.inputs[index].parameters = [:] }
    for index in outputs.indices { copy.outputs[index].parameters = [:] }
    return copy
  }

  /// Whether our codec refuses it for its size.
  var isOverBounds: Bool {
    inputs.contains { $0.shape.count > 16 || $0.parameters.count > 64 }
  }
}

extension Inference_InferTensorContents {
  /// The elements as a tensor's bytes; nil when some do not fit `datatype`.
  func tensor(_ datatype: TensorDatatype) -> ByteBuffer? {
    var bytes = ByteBuffer()
    func write<Value: FixedWidthInteger>(_ values: [some FixedWidthInteger], _ type: Value.Type) -> ByteBuffer? {
      for value in values {
        guard let value = Value(exactly: value) else { return nil }
        bytes.writeInteger(value, endianness: .little)
      }
      return bytes
    }
    switch datatype {
    case .bool: return write(boolContents.map { $0 ? 1 : 0 }, UInt8.self)
    case .int8: return write(intContents, Int8.self)
    case .int16: return write(intContents, Int16.self)
    case .int32: return write(intContents, Int32.self)
    case .int64: return write(int64Contents, Int64.self)
    case .uint8: return write(uintContents, UInt8.self)
    case .uint16: return write(uintContents, UInt16.self)
    case .uint32: return write(uintContents, UInt32.self)
    case .uint64: return write(uint64Contents, UInt64.self)
    case .fp32: return write(fp32Contents.map(\.bitPattern), UInt32.self)
    case .fp64: return write(fp64Contents.map(\.bitPattern), UInt64.self)
    case .bytes:
      for element in bytesContents {
        bytes.writeInteger(UInt32(element.count), endianness: .little)
        bytes.writeBytes(element)
      }
      return bytes
    case .fp16, .bf16: return nil
    }
  }
}

extension Inference_ModelInferResponse {
  /// As SwiftProtobuf would have it written.
  init(_ reply: InferReply, _ outputs: [InferResponseMessage.Output]) {
    self.init()
    modelName = reply.model
    modelVersion = String(reply.version)
    id = reply.id ?? ""
    self.outputs = outputs.map { output in
      .with { message in
        message.name = output.tensor.name
        message.datatype = output.tensor.datatype.rawValue
        message.shape = output.tensor.shape.map { Int64($0) }
        guard let place = output.placement else { return }
        message.parameters["shared_memory_region"] = .with { $0.stringParam = place.region }
        message.parameters["shared_memory_byte_size"] = .with {
          $0.int64Param = Int64(output.tensor.bytes.readableBytes)
        }
        if place.offset > 0 {
          message.parameters["shared_memory_offset"] = .with { $0.int64Param = Int64(place.offset) }
        }
      }
    }
    rawOutputContents = outputs.map { $0.placement == nil ? Data($0.tensor.bytes.readableBytesView) : Data() }
  }
}
