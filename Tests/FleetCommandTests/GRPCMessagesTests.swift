import NIOCore
import NIOHPACK
import Testing

@testable import fleet

struct GRPCMessagesTests {
  /// What protoc makes of the same ModelInferRequest:
  /// `model_name: "m" model_version: "2" inputs { name: "x" datatype: "UINT8" shape: 1 shape: 300 } raw_input_contents: "\001\002"`
  @Test func requestIsWhatProtocMakes() throws {
    let model = try #require(BenchModelName("m@2"))
    let tensor = BenchTensor(name: "x", datatype: "UINT8", shape: [1, 300], bytes: [1, 2])
    let expected: [UInt8] =
      [0, 0, 0, 0, 27, 0x0a, 1, 0x6d, 0x12, 1, 0x32, 0x2a, 15, 0x0a, 1, 0x78, 0x12, 5] + Array("UINT8".utf8)
      + [0x1a, 3, 1, 0xac, 2, 0x3a, 2, 1, 2]
    #expect(GRPCMessages.infer(model: model, tensors: [tensor]) == expected)
  }

  @Test func readsTheInputsOfMetadata() throws {
    var input = ProtobufWriter()
    input.text(1, "pixels")
    input.text(2, "FP32")
    input.packed(3, [-1, 64])
    var message = ProtobufWriter()
    message.text(1, "mlp")
    message.bytes(4, input.bytes)
    message.bytes(5, input.bytes)
    let answer = [0, 0, 0, 0, UInt8(message.bytes.count)] + message.bytes
    #expect(
      try GRPCMessages.inputs(inMetadata: answer) == [BenchInput(name: "pixels", datatype: "FP32", shape: [-1, 64])]
    )
    // Lengths one by one, as proto2 writers have them.
    let unpacked: [UInt8] = [0, 0, 0, 0, 6, 0x22, 4, 0x18, 5, 0x18, 7]
    #expect(try GRPCMessages.inputs(inMetadata: unpacked).first?.shape == [5, 7])
  }

  @Test func readerSurvivesAnyBytes() {
    var random = BenchRandom()
    for _ in 0..<5000 {
      let bytes = (0..<Int.random(in: 0..<24, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      for _ in ProtobufReader(bytes[...]) {}
      _ = try? GRPCMessages.inputs(inMetadata: [0, 0, 0, 0, 0] + bytes)
    }
  }

  @Test func headersShrinkToAFewBytesAndStayReadable() throws {
    var request = try GRPCRequestBytes(path: "/a.B/C", authority: "box:8001", message: [1, 2], tableSize: 4096)
    var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    var sizes: [Int] = []
    for _ in 0..<4 {
      var block = try request.nextHeaderBlock()
      sizes.append(block.readableBytes)
      let headers = try decoder.decodeHeaders(from: &block)
      #expect(headers.first(name: ":path") == "/a.B/C" && headers.first(name: "te") == "trailers")
    }
    #expect(sizes[0] > 40 && sizes[1...].allSatisfy { $0 < 10 }, "\(sizes)")
  }

  @Test func readsHowACallEnded() {
    func outcome(_ headers: HPACKHeaders) -> CallOutcome {
      var answer = GRPCAnswer()
      answer.read(headers)
      return answer.outcome
    }
    #expect(outcome(["grpc-status": "0"]) == .answered)
    #expect(outcome(["grpc-status": "14", "grpc-message": "busy"]) == .refused("status 14 busy"))
    #expect(outcome(["grpc-status": "3", "grpc-message": "bad"]) == .failed("status 3 bad"))
    #expect(outcome([":status": "502"]) == .failed("no grpc-status; HTTP status 502"))
  }
}

struct HTTP2FrameTests {
  @Test func framesComeBackAsTheyWere() throws {
    var buffer = ByteBuffer()
    HTTP2Frame.appendSettings([(HTTP2Frame.Setting.initialWindowSize, 7)], to: &buffer)
    HTTP2Frame.appendWindowUpdate(9, stream: 3, to: &buffer)
    let whole = buffer
    let settings = try #require(try HTTP2Frame.read(from: &buffer, longest: 100))
    #expect(settings.head == .init(length: 6, kind: HTTP2Frame.Kind.settings, flags: 0, stream: 0))
    #expect(Array(settings.payload.readableBytesView) == [0, 4, 0, 0, 0, 7])
    let update = try #require(try HTTP2Frame.read(from: &buffer, longest: 100))
    #expect(update.head == .init(length: 4, kind: HTTP2Frame.Kind.windowUpdate, flags: 0, stream: 3))
    for length in 0..<15 {
      var part = try #require(whole.getSlice(at: 0, length: length))
      #expect(try HTTP2Frame.read(from: &part, longest: 100) == nil)
      #expect(part.readableBytes == length, "nothing is taken of half a frame")
    }
    var long = whole
    #expect(throws: BenchError.self) { try HTTP2Frame.read(from: &long, longest: 5) }
  }

  @Test func paddingIsDropped() {
    let head = HTTP2Frame.Head(
      length: 0,
      kind: HTTP2Frame.Kind.headers,
      flags: HTTP2Frame.Flag.padded | HTTP2Frame.Flag.priority,
      stream: 1
    )
    var payload = ByteBuffer(bytes: [2, 0, 0, 0, 0, 9, 42, 0, 0])
    #expect(HTTP2Frame.strip(head, &payload))
    #expect(Array(payload.readableBytesView) == [42])
    for wrong in [[], [9], [0, 1, 2], [5, 0, 0, 0, 0, 0, 1]] as [[UInt8]] {
      var payload = ByteBuffer(bytes: wrong)
      #expect(!HTTP2Frame.strip(head, &payload), "\(wrong)")
    }
  }
}
