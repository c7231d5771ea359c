import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import NIOHTTP2
import SwiftProtobuf
import Testing

/// Calls with more than one message: ModelStreamInfer and health's Watch.
@Suite struct GRPCStreamTests {
  private static let stream = "/inference.GRPCInferenceService/ModelStreamInfer"
  private static let watch = "/grpc.health.v1.Health/Watch"

  private func serving(
    _ fake: FakeEngine = FakeEngine(),
    model: String = "marker-7",
    limits: HTTPLimits = HTTPLimits(),
    _ body: (TestEngine, GRPCTestClient) async throws -> Void
  ) async throws {
    let engine = try await TestEngine.start(fake, model: model, limits: limits)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    try await body(engine, client)
    await client.close()
    await engine.stop()
  }

  private func framed(_ request: Inference_ModelInferRequest) throws -> ByteBuffer {
    GRPCTestClient.framed(try GRPCTestClient.bytes(request))
  }

  @Test func answersEachRequestOfAStreamInOrder() async throws {
    try await serving(model: "marker-1") { engine, client in
      // A busy machine must not have requests refused for their waiting.
      var options = ModelOptions()
      options.maximumWait = 20
      try await engine.activate("slow-7", version: 2, options: options)
      let id = try await client.begin(Self.stream)
      // In pieces that have nothing to do with the messages.
      var bytes = ByteBuffer()
      for number in 0..<40 {
        bytes.writeImmutableBuffer(try framed(GRPCBodies.infer(rows: 1 + number % 3, id: "\(number)")))
      }
      while let piece = bytes.readSlice(length: min(bytes.readableBytes, 777)), piece.readableBytes > 0 {
        try await client.send(id, piece)
      }
      let sofar = try await client.reply(id) { $0.messages.count == 40 }
      #expect(!sofar.isEnded)
      for number in 0..<40 {
        let answer: Inference_ModelStreamInferResponse = try sofar.decoded(number)
        #expect(answer.errorMessage.isEmpty)
        #expect(answer.inferResponse.id == "\(number)")
        #expect(answer.inferResponse.outputs.first?.shape == [Int64(1 + number % 3), 10])
        #expect(answer.inferResponse.marker == 7)
      }
      try await client.send(id, ByteBuffer(), isLast: true)
      #expect(try await client.reply(id).status == 0)
      #expect(try await engine.status().requests == 40)
    }
  }

  @Test func tellsErrorsInTheStreamAndGoesOn() async throws {
    try await serving { engine, client in
      let id = try await client.begin(Self.stream)
      try await client.send(id, try framed(GRPCBodies.infer(id: "bad") { $0.inputs[0].name = "pixel" }))
      try await client.send(id, try framed(GRPCBodies.infer(id: "none", model: "other")))
      try await client.send(id, GRPCTestClient.framed(ByteBuffer(bytes: [0xff])))
      try await client.send(
        id,
        try framed(
          GRPCBodies.infer(id: "good") {
            $0.parameters["triton_enable_empty_final_response"] = .with { $0.boolParam = true }
          }
        ),
        isLast: true
      )
      let reply = try await client.reply(id)
      #expect(reply.status == 0)
      let answers: [Inference_ModelStreamInferResponse] = try (0..<4).map { try reply.decoded($0) }
      #expect(answers[0].errorMessage.contains("'pixel'"))
      #expect(answers[1].errorMessage.contains("'other'"))
      #expect(answers[2].errorMessage.contains("protobuf"))
      #expect(answers.map(\.inferResponse.id) == ["bad", "none", "", "good"])
      #expect(answers[3].inferResponse.marker == 7)
      #expect(answers[3].inferResponse.parameters["triton_final_response"]?.boolParam == true)
      let status = try await engine.status()
      #expect((status.requests, status.errors, status.inFlight) == (2, 0, 0))
    }
  }

  @Test func endsAStreamThatEndsWithinAMessage() async throws {
    try await serving { _, client in
      let id = try await client.begin(Self.stream)
      try await client.send(id, ByteBuffer(bytes: [0, 0, 0, 0, 9, 1]), isLast: true)
      #expect(try await client.reply(id).status == 3)
      let empty = try await client.begin(Self.stream, isLast: true)
      #expect(try await client.reply(empty).status == 0)
    }
  }

  /// A client that sends and does not read is held up by its own windows; nothing piles up here.
  @Test func boundsWhatAClientThatDoesNotReadHasItKeep() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let client = try await GRPCTestClient.connect(engine.grpcPort, isReading: false)
    let id = try await client.begin(Self.stream)
    let request = try framed(GRPCBodies.infer(rows: 100, outputs: []))
    for _ in 0..<400 { try await client.send(id, request) }
    try await eventually("some are answered") { try await engine.status().requests > 0 }
    let quick = try await GRPCTestClient.connect(engine.grpcPort)
    #expect(try await quick.infer(GRPCBodies.infer()).status == 0)
    let status = try await engine.status()
    #expect(status.requests < 100, "\(status.requests) of 400 answers were made, of 5 KB each, for a window of 64 KB")
    #expect(engine.bodyBytes < 4 << 20)
    await client.close()
    await quick.close()
    try await eventually("all is freed") { engine.bodyBytes == 0 }
    await engine.stop()
  }

  @Test func checksAndWatchesHealth() async throws {
    try await serving { engine, client in
      func check(_ service: String) async throws -> GRPCTestClient.Reply {
        let request = Grpc_Health_V1_HealthCheckRequest.with { $0.service = service }
        return try await client.call("/grpc.health.v1.Health/Check", try GRPCTestClient.bytes(request))
      }
      for service in ["", "inference.GRPCInferenceService"] {
        let reply: Grpc_Health_V1_HealthCheckResponse = try await check(service).decoded()
        #expect(reply.status == .serving)
      }
      #expect(try await check("other").status == 5)

      let watching = try await client.begin(Self.watch)
      try await client.send(watching, GRPCTestClient.framed(ByteBuffer()), isLast: true)
      let unknown = try await client.begin(Self.watch)
      let request = try GRPCTestClient.bytes(Grpc_Health_V1_HealthCheckRequest.with { $0.service = "other" })
      try await client.send(unknown, GRPCTestClient.framed(request), isLast: true)
      _ = try await client.reply(watching) { $0.messages.count == 1 }
      #expect(try await engine.call(.handOff(siblings: [], refusesWhenAlone: false)) == .done)
      _ = try await client.reply(watching) { $0.messages.count == 2 }
      #expect(try await engine.call(.serve) == .done)
      let reply = try await client.reply(watching) { $0.messages.count == 3 }
      let told: [Grpc_Health_V1_HealthCheckResponse] = try (0..<3).map { try reply.decoded($0) }
      #expect(told.map(\.status) == [.serving, .notServing, .serving])
      let other: Grpc_Health_V1_HealthCheckResponse = try await client.reply(unknown) { $0.messages.count == 1 }
        .decoded()
      #expect(other.status == .serviceUnknown)
      try await client.write(watching, .rstStream(.cancel))
    }
  }

  @Test func endsWatchesAndIdleStreamsWhenItStops() async throws {
    let engine = try await TestEngine.start(model: "marker-7")
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    let watching = try await client.begin(Self.watch)
    try await client.send(watching, GRPCTestClient.framed(ByteBuffer()), isLast: true)
    let streaming = try await client.begin(Self.stream)
    try await client.send(streaming, try framed(GRPCBodies.infer()))
    _ = try await client.reply(watching) { $0.messages.count == 1 }
    _ = try await client.reply(streaming) { $0.messages.count == 1 }
    let start = Date()
    async let stopped: Void = engine.stop()
    #expect(try await client.reply(watching).status == 14)
    #expect(try await client.reply(streaming).status == 14)
    #expect(try await client.goAway() == 0)
    await client.close()
    await stopped
    #expect(Date().timeIntervalSince(start) < 4.5, "it did not wait for its deadline")
  }
}
