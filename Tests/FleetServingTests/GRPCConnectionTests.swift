import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import NIOHTTP2
import SwiftProtobuf
import Testing

import struct FleetTestSupport.SeededRandom

/// What clients may do to a connection, and how it ends.
@Suite struct GRPCConnectionTests {
  private static let infer = "/inference.GRPCInferenceService/ModelInfer"

  private func framed(_ request: Inference_ModelInferRequest) throws -> ByteBuffer {
    GRPCTestClient.framed(try GRPCTestClient.bytes(request))
  }

  /// More than any window, both ways.
  @Test func carriesMessagesOf20MB() async throws {
    let engine = try await TestEngine.start(Echo())
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let count = 5 << 20
    var random = SystemRandomNumberGenerator()
    let values = (0..<1024).map { _ in Float.random(in: 0...1, using: &random) }
    var data = Data()
    for _ in 0..<(count / 1024) { data.append(GRPCBodies.bytes(values)) }
    let request = GRPCBodies.infer(outputs: []) { request in
      request.inputs[0].name = "x"
      request.inputs[0].shape = [1, Int64(count)]
      request.rawInputContents = [data]
    }
    for _ in 0..<2 {
      let reply = try await client.infer(request)
      #expect(reply.status == 0, "\(reply.message)")
      let answer: Inference_ModelInferResponse = try reply.decoded()
      #expect(answer.rawOutputContents == [data])
    }
    await client.close()
    try await eventually("all is freed") { engine.bodyBytes == 0 }
    await engine.stop()
  }

  @Test func answersManyCallsAtOnce() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let message = try framed(GRPCBodies.infer())
    for _ in 0..<5 {
      var ids: [HTTP2StreamID] = []
      for _ in 0..<100 {
        let id = try await client.begin(Self.infer)
        try await client.send(id, message, isLast: true)
        ids.append(id)
      }
      for id in ids { #expect(try await client.reply(id).marker == 7) }
    }
    await client.close()
    try await eventually("all is freed") { engine.bodyBytes == 0 && engine.openConnections == 0 }
    #expect(try await engine.status().requests == 500)
    await engine.stop()
  }

  /// NIO takes that for an attack and ends the connection; others are served on.
  @Test func endsAConnectionWithMoreCallsThanItWasAllowed() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-7")
    let descriptor = try Sockets.connect(port: engine.grpcPort)
    let head: [UInt8] = RawFrames.headers(Self.infer)
    var bytes = RawFrames.preface + RawFrames.frame(4, 1, 0, [])
    for index in 0..<1256 { bytes += RawFrames.frame(1, 4, 1 + index * 2, head) }
    Sockets.write(bytes, to: descriptor)
    let frames = try await RawFrames.readToEnd(descriptor)
    #expect(frames.last?.type == 7, "GOAWAY")
    close(descriptor)
    gate.open()
    let other = try await GRPCTestClient.connect(engine.grpcPort)
    #expect(try await other.infer(GRPCBodies.infer()).marker == 7)
    await other.close()
    try await eventually("all is freed") { engine.bodyBytes == 0 && engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func endsAConnectionThatWithdrawsWithoutEnd() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let descriptor = try Sockets.connect(port: engine.grpcPort)
    var bytes = RawFrames.preface + RawFrames.frame(4, 1, 0, [])
    for index in 0..<20_000 {
      bytes += RawFrames.frame(1, 4, 1 + index * 2, RawFrames.headers(Self.infer))
      bytes += RawFrames.frame(3, 0, 1 + index * 2, [0, 0, 0, 8])
    }
    let flood = bytes
    async let written: Void = Sockets.blocking { Sockets.write(flood, to: descriptor) }
    let frames = try await RawFrames.readToEnd(descriptor)
    #expect(frames.contains { $0.type == 7 }, "GOAWAY")
    _ = try? await written
    close(descriptor)
    try await eventually("the connection is gone") { engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func endsAConnectionThatPingsWithoutEnd() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let descriptor = try Sockets.connect(port: engine.grpcPort)
    var bytes = RawFrames.preface + RawFrames.frame(4, 1, 0, [])
    for _ in 0..<5000 { bytes += RawFrames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
    let flood = bytes
    async let written: Void = Sockets.blocking { Sockets.write(flood, to: descriptor) }
    let frames = try await RawFrames.readToEnd(descriptor)
    #expect(frames.contains { $0.type == 7 }, "GOAWAY")
    _ = try? await written
    close(descriptor)
    try await eventually("the connection is gone") { engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func forgetsCallsThatAreWithdrawn() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-7")
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let id = try await client.begin(Self.infer)
    try await client.send(id, try framed(GRPCBodies.infer(first: 1)), isLast: true)
    try await eventually("it is computed") { gate.arrivals == 1 }
    try await client.write(id, .rstStream(.cancel))
    let begun = try await client.begin(Self.infer)
    try await client.send(begun, ByteBuffer(bytes: [0, 0, 0]))
    try await client.write(begun, .rstStream(.cancel))
    try await eventually("nothing is kept") { engine.bodyBytes == 0 }
    gate.open()
    #expect(try await client.infer(GRPCBodies.infer()).status == 0)
    try await eventually("nothing is in flight") { try await engine.status().inFlight == 0 }
    // The same for one whose connection is gone.
    gate.close()
    let last = try await client.begin(Self.infer)
    try await client.send(last, try framed(GRPCBodies.infer(first: 1)), isLast: true)
    try await eventually("it is computed") { gate.arrivals >= 2 }
    await client.close()
    try await eventually("the connection is gone") { engine.openConnections == 0 && engine.bodyBytes == 0 }
    gate.open()
    try await eventually("nothing is in flight") { try await engine.status().inFlight == 0 }
    await engine.stop()
  }

  @Test func survivesRandomFrames() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let seed = UInt64.random(in: 0...UInt64.max)
    print("GRPCConnectionTests.survivesRandomFrames: seed \(seed)")
    var random = SeededRandom(seed: seed)
    for _ in 0..<60 {
      let descriptor = try Sockets.connect(port: engine.grpcPort)
      var bytes = Bool.random(using: &random) ? RawFrames.preface : []
      for _ in 0..<20 {
        let isHead = Bool.random(using: &random)
        let payload =
          isHead
          ? RawFrames.headers(Self.infer)
          : (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        bytes += RawFrames.frame(
          isHead ? 1 : UInt8.random(in: 0...10, using: &random),
          UInt8.random(in: 0...255, using: &random),
          Int.random(in: 0...9, using: &random),
          payload
        )
      }
      Sockets.write(bytes, to: descriptor)
      shutdown(descriptor, Int32(SHUT_WR))
      _ = try await RawFrames.readToEnd(descriptor)
      close(descriptor)
    }
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    #expect(try await client.infer(GRPCBodies.infer()).marker == 7, "seed \(seed)")
    await client.close()
    try await eventually("all is freed") { engine.bodyBytes == 0 && engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func answersWhatIsNotHTTP2ByClosing() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let descriptor = try Sockets.connect(port: engine.grpcPort)
    Sockets.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), to: descriptor)
    _ = try await RawFrames.readToEnd(descriptor)
    close(descriptor)
    try await eventually("the connection is gone") { engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func cutsOffClientsThatStall() async throws {
    var limits = HTTPLimits()
    limits.stall = .seconds(1)
    let engine = try await TestEngine.start(model: "marker-7", limits: limits)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let id = try await client.begin(Self.infer)
    try await client.send(id, ByteBuffer(bytes: [0, 0, 0, 1, 0, 7]))
    #expect(try await client.reply(id).status == 4)
    // A stream may be silent between its messages.
    let stream = try await client.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    try await client.send(stream, try framed(GRPCBodies.infer()))
    _ = try await client.reply(stream) { $0.messages.count == 1 }
    let silent = try await GRPCTestClient.connect(engine.grpcPort)
    let late = try await silent.begin(Self.infer)
    #expect(try await silent.reply(late).status == 4)
    #expect(try await !client.current(stream).isEnded)
    // One that does not even say what it speaks.
    let mute = try Sockets.connect(port: engine.grpcPort)
    _ = try await RawFrames.readToEnd(mute)
    close(mute)
    await client.close()
    await silent.close()
    await engine.stop()
  }

  /// A client that does not read its answer holds up nobody, and not for ever.
  @Test func givesUpAnswersThatAreNotRead() async throws {
    var limits = HTTPLimits()
    limits.stall = .seconds(1)
    let engine = try await TestEngine.start(Echo(), limits: limits)
    let client = try await GRPCTestClient.connect(engine.grpcPort, isReading: false)
    let request = GRPCBodies.infer(outputs: []) { request in
      request.inputs[0].name = "x"
      request.inputs[0].shape = [1, 1 << 16]
      request.rawInputContents = [Data(repeating: 0, count: 4 << 16)]
    }
    let id = try await client.begin(Self.infer)
    try await client.send(id, try framed(request), isLast: true)
    #expect(try await client.reply(id).reset != nil)
    try await eventually("nothing is kept") { engine.bodyBytes == 0 }
    await client.close()
    await engine.stop()
  }

  @Test func closesIdleConnectionsWithAWord() async throws {
    var grpcLimits = GRPCLimits()
    grpcLimits.idle = .milliseconds(50)
    let engine = try await TestEngine.start(model: "marker-7", grpcLimits: grpcLimits)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    try await eventually("it is told") { try await client.goAway() == 0 }
    try await eventually("it is closed") { engine.openConnections == 0 }
    await client.close()
    await engine.stop()
  }

  @Test func finishesWhatIsInFlightWhenItStops() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-7")
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let id = try await client.begin(Self.infer)
    try await client.send(id, try framed(GRPCBodies.infer(first: 1)), isLast: true)
    try await eventually("it is computed") { gate.arrivals == 1 }
    async let stopped: Void = engine.stop()
    try await eventually("it is told") { try await client.goAway() == 0 }
    gate.open()
    #expect(try await client.reply(id).marker == 7)
    try await eventually("it is closed") { !client.isOpen }
    await stopped
  }

  @Test func keepsConnectionsWaitingUntilItMayServe() async throws {
    let (listener, port) = try Sockets.listen()
    let (grpcListener, grpcPort) = try Sockets.listen()
    let (ours, theirs) = try Sockets.pair()
    let options = EngineOptions(
      nodeName: NodeName(store: "s", node: "a"),
      controlDescriptor: theirs,
      httpDescriptor: listener,
      grpcDescriptor: grpcListener,
      waitsToServe: true
    )
    let engine = TestEngine(
      engine: try await Engine.start(options) { FakeEngine() },
      port: port,
      grpcPort: grpcPort,
      agent: ours
    )
    let client = try await GRPCTestClient.connect(grpcPort)
    async let early = client.infer(GRPCBodies.infer())
    try await engine.activate("marker-1", version: 1)
    #expect(engine.openConnections == 0, "nobody is let in before the word")
    #expect(try await engine.call(.serve) == .done)
    #expect(try await early.marker == 1)
    await client.close()
    await engine.stop()
  }
}

/// Gives back the numbers it gets.
private final class Echo: InferenceEngine, LoadedModel {
  let runtime = "Echo 1.0"
  let devices = [EngineDevice(id: "CPU", name: "A processor")]
  let device = "CPU"
  let platform = "echo"
  let inputs = [TensorDescription(name: "x", datatype: .fp32, shape: [1, -1])]
  let outputs = [TensorDescription(name: "y", datatype: .fp32, shape: [1, -1])]

  func load(folder: String) throws -> any LoadedModel { self }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    [Tensor(name: "y", datatype: .fp32, shape: inputs[0].shape, bytes: inputs[0].bytes)]
  }
}
