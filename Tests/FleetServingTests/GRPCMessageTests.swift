import FleetServing
import Foundation
import NIOCore
import SwiftProtobuf
import Testing

import struct FleetTestSupport.SeededRandom

/// The codec of the two hot messages, against the one that is generated.
@Suite struct GRPCMessageTests {
  private static func seeded() -> (SeededRandom, Comment) {
    let seed = UInt64.random(in: 0...UInt64.max)
    return (SeededRandom(seed: seed), "seed \(seed)")
  }

  @Test func readsRandomRequestsAsSwiftProtobufDoes() throws {
    var (random, seed) = Self.seeded()
    for _ in 0..<400 {
      let request = random.request()
      let bytes = try GRPCTestClient.bytes(request)
      let ours = try InferRequestMessage(bytes)
      let expected = try InferRequestMessage(request)
      try #require(ours == expected, seed)
      for (input, theirs) in zip(ours.inputs, request.inputs) {
        guard let datatype = TensorDatatype(rawValue: input.datatype) else { continue }
        let read = try? TensorContents.bytes(of: input.contents, as: datatype, maximumBytes: 1 << 20)
        try #require(read == theirs.contents.tensor(datatype), seed)
      }
      let target = try InferRequestMessage.target(of: bytes)
      try #require((target.model, target.version) == (request.modelName, request.modelVersion), seed)
      let raw = request.rawInputContents.reduce(0) { $0 + $1.count }
      try #require(target.bytesToRead == bytes.readableBytes - raw, seed)
    }
  }

  /// What one of the two takes the other takes, and with the same meaning, within our bounds. But SwiftProtobuf takes an entry of
  /// a map with a group in it that does not end, which no other does: there are no maps in these.
  @Test func takesAndRefusesBrokenRequestsAsSwiftProtobufDoes() throws {
    var (random, seed) = Self.seeded()
    var taken = 0
    for _ in 0..<3000 {
      var bytes = try random.request().withoutParameters.serializedBytes() as [UInt8]
      for _ in 0...Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
      let theirs = try? Inference_ModelInferRequest(serializedBytes: bytes)
      let ours = try? InferRequestMessage(ByteBuffer(bytes: bytes))
      guard let theirs else {
        // They read contents at once, which we leave until they are needed.
        let isContents = ours?.inputs.contains { !$0.contents.isEmpty } ?? false
        try #require(ours == nil || isContents, "\(seed) \(bytes)")
        continue
      }
      taken += 1
      guard let ours else {
        try #require(theirs.isOverBounds, "\(seed) \(bytes)")
        continue
      }
      let expected = try InferRequestMessage(theirs)
      try #require(ours.withoutContents == expected.withoutContents, "\(seed) \(bytes)")
    }
    #expect(taken > 100, seed)
  }

  @Test func writesRandomResponsesThatSwiftProtobufReads() throws {
    var (random, seed) = Self.seeded()
    for _ in 0..<400 {
      var reply = InferReply(model: random.name(), version: Int.random(in: 0...300, using: &random), outputs: [])
      if Bool.random(using: &random) { reply.id = random.name() }
      var outputs: [InferResponseMessage.Output] = []
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let bytes = ByteBuffer(repeating: 7, count: Int.random(in: 0...300, using: &random))
        let shape = (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0...100_000, using: &random) }
        let tensor = Tensor(name: random.name(), datatype: .int8, shape: shape, bytes: bytes)
        let isPlaced = Bool.random(using: &random)
        let offset = Int.random(in: 0...1, using: &random) * 300
        outputs.append(
          .init(tensor: tensor, placement: isPlaced ? .init(region: "r", offset: offset, byteSize: 400) : nil)
        )
      }
      let message = InferResponseMessage.encode(reply, outputs, isStreamed: false)
      let read = try Inference_ModelInferResponse(serializedBytes: Array(message.bytes.readableBytesView))
      try #require(read == Inference_ModelInferResponse(reply, outputs), seed)
      let streamed = InferResponseMessage.encode(reply, outputs, isStreamed: true, saysFinal: true)
      let inner = try Inference_ModelStreamInferResponse(serializedBytes: Array(streamed.bytes.readableBytesView))
        .inferResponse
      try #require(inner.parameters["triton_final_response"]?.boolParam == true, seed)
      try #require(inner.outputs == read.outputs && inner.rawOutputContents == read.rawOutputContents, seed)
    }
  }

  @Test func survivesRandomBytes() throws {
    var (random, _) = Self.seeded()
    for _ in 0..<20_000 {
      let bytes = ByteBuffer(
        bytes: (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      )
      _ = try? InferRequestMessage(bytes)
      _ = try? InferRequestMessage.target(of: bytes)
      for datatype in TensorDatatype.allCases {
        _ = try? TensorContents.bytes(of: [bytes], as: datatype, maximumBytes: 1 << 10)
      }
      var reader = GRPCMessageReader(maximumLength: 32)
      _ = try? reader.append(bytes)
      _ = try? reader.next()
    }
  }

  @Test func readsBothFormsOfRepeatedNumbers() throws {
    // shape as field 3, once packed and once by themselves, and unknown fields between: a group, and numbers of each size.
    let input: [UInt8] = [
      0x0a, 1, 0x78, 0x1a, 2, 1, 2, 0x18, 3, 0x43, 0x08, 1, 0x44, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8,
    ]
    let bytes = ByteBuffer(bytes: [0x2a, UInt8(input.count)] + input)
    #expect(try InferRequestMessage(bytes).inputs.first?.shape == [1, 2, 3])
    #expect(
      try InferRequestMessage(bytes)
        == InferRequestMessage(Inference_ModelInferRequest(serializedBytes: Array(bytes.readableBytesView)))
    )
    let contents = ByteBuffer(bytes: [0x12, 2, 1, 2, 0x10, 3])
    let read = try TensorContents.bytes(of: [contents, contents], as: .int8, maximumBytes: 100)
    #expect(Array(read.readableBytesView) == [1, 2, 3, 1, 2, 3])
  }

  @Test(arguments: [
    [0x0a, 5, 0x61], [0x0a], [0x80], [0x00, 0], [0x0e], [0x0f, 1], [0x0c], [0x0b, 0x0b, 0x0c],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], [0x0a, 1, 0xff],
    [UInt8](repeating: 0xff, count: 12), [0x0a] + [UInt8](repeating: 0xff, count: 10) + [1],
    [UInt8](repeating: 0x0b, count: 500),
  ])
  func refusesBrokenMessages(_ bytes: [UInt8]) {
    #expect(throws: ServingError.self) { try InferRequestMessage(ByteBuffer(bytes: bytes)) }
  }

  @Test func boundsWhatSmallMessagesAskFor() throws {
    let inputs = ByteBuffer(bytes: [UInt8](repeating: 0x2a, count: 1) + [0])
    var many = ByteBuffer()
    for _ in 0..<300 { many.writeImmutableBuffer(inputs) }
    #expect(throws: ServingError.self) { try InferRequestMessage(many) }
    let numbers = ByteBuffer(bytes: [0x1a, 100] + [UInt8](repeating: 1, count: 100))
    #expect(throws: ServingError.self) { try TensorContents.bytes(of: [numbers], as: .int64, maximumBytes: 799) }
    #expect(try TensorContents.bytes(of: [numbers], as: .int64, maximumBytes: 800).readableBytes == 800)
  }

  @Test func refusesContentsThatDoNotFit() {
    func problem(_ contents: Inference_InferTensorContents, _ datatype: TensorDatatype) -> String? {
      do {
        _ = try TensorContents.bytes(of: [GRPCTestClient.bytes(contents)], as: datatype, maximumBytes: 1 << 10)
        return nil
      } catch {
        return (error as? ServingError)?.message
      }
    }
    #expect(problem(.with { $0.intContents = [1] }, .fp32) == "int_contents do not fit the datatype FP32")
    #expect(problem(.with { $0.intContents = [128] }, .int8) == "128 is out of the range of INT8")
    #expect(problem(.with { $0.intContents = [-32_769] }, .int16) == "-32769 is out of the range of INT16")
    #expect(problem(.with { $0.uintContents = [256] }, .uint8) == "256 is out of the range of UINT8")
    #expect(problem(.with { $0.intContents = [-128] }, .int8) == nil)
    #expect(problem(.with { $0.fp32Contents = [1] }, .fp16) == "FP16 has no typed contents; send raw_input_contents")
  }

  @Test func percentEncodesMessages() {
    let status = GRPCStatus(.invalidArgument, "100% of 'ü'\n")
    #expect(status.encodedMessage == "100%25 of '%C3%BC'%0A")
    #expect(GRPCStatus(statusField: "3", messageField: status.encodedMessage) == status)
    #expect(GRPCStatus(.internal, String(repeating: "ü", count: 5000)).encodedMessage.utf8.count <= 6000)
  }

  @Test(arguments: [
    ("1H", 3_600_000_000_000 as Int64?), ("2M", 120_000_000_000), ("3S", 3_000_000_000),
    ("99999999m", 99_999_999_000_000),
    ("5u", 5000), ("7n", 7), ("", nil), ("S", nil), ("-1S", nil), ("123456789S", nil), ("1s", nil), ("1 S", nil),
    ("١S", nil),
  ])
  func readsTimeouts(_ text: String, _ nanoseconds: Int64?) {
    #expect(GRPCTimeout.parse(text)?.nanoseconds == nanoseconds)
  }
}
