import FleetCore
import FleetServing
import Foundation
import NIOCore
import NIOHPACK
import SwiftProtobuf
import Testing

/// Every call of the gRPC form, and what is wrong with calls.
@Suite struct GRPCCallTests {
  private func serving(
    _ fake: FakeEngine = FakeEngine(),
    model: String? = "marker-7",
    limits: HTTPLimits = HTTPLimits(),
    fault: String? = nil,
    _ body: (TestEngine, GRPCTestClient) async throws -> Void
  ) async throws {
    let engine = try await TestEngine.start(fake, model: model, limits: limits, fault: fault)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    try await body(engine, client)
    await client.close()
    await engine.stop()
  }

  @Test func tellsOfTheServer() async throws {
    try await serving { _, client in
      let live: Inference_ServerLiveResponse = try await client.call("ServerLive", Inference_ServerLiveRequest())
        .decoded()
      #expect(live.live)
      let ready: Inference_ServerReadyResponse = try await client.call("ServerReady", Inference_ServerReadyRequest())
        .decoded()
      #expect(ready.ready)
      let metadata: Inference_ServerMetadataResponse = try await client.call(
        "ServerMetadata",
        Inference_ServerMetadataRequest()
      ).decoded()
      #expect(metadata.name == "fleetd")
      #expect(metadata.extensions.contains("statistics"))
    }
  }

  @Test func isNotReadyWithoutAModel() async throws {
    try await serving(model: nil) { _, client in
      let ready: Inference_ServerReadyResponse = try await client.call("ServerReady", Inference_ServerReadyRequest())
        .decoded()
      #expect(!ready.ready)
    }
  }

  @Test func tellsOfModels() async throws {
    try await serving { _, client in
      func ready(_ name: String, _ version: String = "") async throws -> Bool {
        let reply: Inference_ModelReadyResponse = try await client.call(
          "ModelReady",
          Inference_ModelReadyRequest.with { ($0.name, $0.version) = (name, version) }
        ).decoded()
        return reply.ready
      }
      #expect(try await ready("digits"))
      #expect(try await ready("digits", "1"))
      #expect(try await !ready("digits", "2"))
      #expect(try await !ready("other"))

      let metadata: Inference_ModelMetadataResponse = try await client.call(
        "ModelMetadata",
        Inference_ModelMetadataRequest.with { $0.name = "digits" }
      ).decoded()
      #expect(metadata.versions == ["1"])
      #expect(metadata.inputs.map(\.shape) == [[-1, 1, 8, 8]])
      #expect(metadata.outputs.map(\.datatype) == ["FP32", "INT64", "FP16"])

      let config: Inference_ModelConfigResponse = try await client.call(
        "ModelConfig",
        Inference_ModelConfigRequest.with { $0.name = "digits" }
      ).decoded()
      #expect(config.config.name == "digits")
      #expect(config.config.maxBatchSize > 0)
      #expect(config.config.input.map(\.dataType) == [.typeFp32])
      #expect(config.config.input.map(\.dims) == [[1, 8, 8]])

      let unknown = try await client.call("ModelMetadata", Inference_ModelMetadataRequest.with { $0.name = "digit" })
      #expect(unknown.status == 5)
      #expect(unknown.message.contains("'digits'"))
      #expect(unknown.headers.first(name: "content-type") == "application/grpc")
    }
  }

  @Test func tellsStatistics() async throws {
    try await serving { _, client in
      #expect(try await client.infer(GRPCBodies.infer()).status == 0)
      for request in [Inference_ModelStatisticsRequest(), .with { $0.name = "digits" }] {
        let reply: Inference_ModelStatisticsResponse = try await client.call("ModelStatistics", request).decoded()
        #expect(reply.modelStats.map(\.name) == ["digits"])
        #expect(reply.modelStats.first?.hasInferenceStats == true)
      }
      let unknown = try await client.call("ModelStatistics", Inference_ModelStatisticsRequest.with { $0.name = "x" })
      #expect(unknown.status == 5)
    }
  }

  @Test func infersFromRawAndTypedContents() async throws {
    try await serving { engine, client in
      for request in [GRPCBodies.infer(rows: 2, id: "a/1"), GRPCBodies.typed(rows: 2)] {
        let reply = try await client.infer(request)
        #expect(reply.status == 0, "\(reply.message)")
        let answer: Inference_ModelInferResponse = try reply.decoded()
        #expect(answer.modelName == "digits")
        #expect(answer.modelVersion == "1")
        #expect(answer.id == request.id)
        #expect(answer.outputs.map(\.shape) == [[2, 10]])
        #expect(answer.rawOutputContents == [GRPCBodies.bytes([Float](repeating: 7, count: 20))])
      }
      let all: Inference_ModelInferResponse = try await client.infer(GRPCBodies.infer(outputs: [])).decoded()
      #expect(all.outputs.map(\.datatype) == ["FP32", "INT64", "FP16"])
      #expect(all.rawOutputContents.map(\.count) == [40, 8, 2])
      let status = try await engine.status()
      #expect(status.requests == 3)
      #expect(status.errors == 0)
      #expect(status.inFlight == 0)
    }
  }

  @Test func refusesWrongRequestsAndSaysWhy() async throws {
    try await serving { engine, client in
      func refused(_ code: Int, _ word: String, _ change: (inout Inference_ModelInferRequest) -> Void) async throws {
        let reply = try await client.infer(GRPCBodies.infer(change: change))
        #expect(reply.status == code, "\(word): \(reply.message)")
        #expect(reply.message.contains(word), "\(reply.message)")
        #expect(reply.messages.isEmpty)
      }
      try await refused(5, "'digits'") { $0.modelName = "digit" }
      try await refused(5, "'9'") { $0.modelVersion = "9" }
      try await refused(3, "'pixel'") { $0.inputs[0].name = "pixel" }
      try await refused(3, "'FP33' is no datatype") { $0.inputs[0].datatype = "FP33" }
      try await refused(3, "INT8") { $0.inputs[0].datatype = "INT8" }
      try await refused(3, "[1,1,8,9]") { $0.inputs[0].shape = [1, 1, 8, 9] }
      try await refused(3, "[-1,1,8,8]") { $0.inputs[0].shape = [-1, 1, 8, 8] }
      try await refused(3, "input 'pixels'") { $0.inputs[0].shape = [2, 1, 8, 8] }
      try await refused(3, "missing") { ($0.inputs, $0.rawInputContents) = ([], []) }
      try await refused(3, "raw_input_contents has 1 more") { $0.rawInputContents.append(Data()) }
      try await refused(3, "raw_input_contents has 1 more") { $0.inputs = [] }
      try await refused(3, "raw_input_contents has only 1") { $0.inputs.append($0.inputs[0]) }
      try await refused(3, "one or the other") { $0.inputs[0].contents.fp32Contents = [1] }
      try await refused(3, "input 'pixels'") { $0.rawInputContents = [] }
      try await refused(3, "int_contents do not fit") {
        $0.rawInputContents = []
        $0.inputs[0].contents.intContents = [1]
      }
      try await refused(3, "FP16 has no typed contents") {
        $0.rawInputContents = []
        $0.inputs[0].datatype = "FP16"
      }
      try await refused(3, "'score'") { $0.outputs[0].name = "score" }
      try await refused(3, "twice") { $0.outputs.append($0.outputs[0]) }
      try await refused(12, "classification") {
        $0.outputs[0].parameters["classification"] = .with { $0.int64Param = 1 }
      }
      try await refused(3, "'timeout'") { $0.parameters["timeout"] = .with { $0.stringParam = "soon" } }
      try await refused(3, "shared_memory_byte_size") {
        $0.inputs[0].parameters["shared_memory_region"] = .with { $0.stringParam = "r" }
      }
      let broken = try await client.call("/inference.GRPCInferenceService/ModelInfer", ByteBuffer(bytes: [0x0a, 9, 1]))
      #expect(broken.status == 3)
      #expect(broken.message.contains("not valid protobuf"))
      let status = try await engine.status()
      #expect(status.errors == 0, "what is wrong with a request is no error of the model's")
      #expect(status.inFlight == 0)
    }
  }

  @Test func tellsAnEnginesFailureFromAWrongRequest() async throws {
    try await serving(model: "failing") { engine, client in
      let reply = try await client.infer(GRPCBodies.infer())
      #expect(reply.status == 13)
      #expect(reply.message.contains("the accelerator is gone"))
      #expect(try await engine.status().errors == 1)
    }
  }

  @Test func disturbsAnswersWhereThatWasAskedFor() async throws {
    try await serving(fault: "latency=1ms errors=100%") { engine, client in
      let reply = try await client.infer(GRPCBodies.infer())
      #expect(reply.status == 13)
      #expect(try await engine.status().errors == 1)
    }
  }

  @Test func answersWhatItDoesNotKnow() async throws {
    try await serving { _, client in
      for path in [
        "/inference.GRPCInferenceService/TraceSetting", "/inference.GRPCInferenceService/LogSettings",
        "/inference.GRPCInferenceService/CudaSharedMemoryStatus", "/other.Service/Call", "", "/",
      ] {
        let reply = try await client.call(path, ByteBuffer())
        #expect(reply.status == 12, "\(path)")
      }
      let repository = try await client.call(
        "RepositoryIndex",
        Inference_RepositoryIndexRequest.with { $0.repositoryName = "other" }
      )
      #expect(repository.status == 12)
    }
  }

  @Test func refusesWhatIsNotGRPC() async throws {
    try await serving { _, client in
      func status(_ change: (inout [(String, String)]) -> Void) async throws -> GRPCTestClient.Reply {
        var fields: [(String, String)] = [
          (":method", "POST"), (":scheme", "http"), (":path", "/inference.GRPCInferenceService/ServerLive"),
          ("content-type", "application/grpc"),
        ]
        change(&fields)
        return try await client.reply(try await client.begin(.init(fields), isLast: true))
      }
      #expect(try await status { $0[0].1 = "GET" }.httpStatus == "405")
      #expect(try await status { $0[3].1 = "application/json" }.httpStatus == "415")
      #expect(try await status { $0[3].1 = "application/grpc-web" }.httpStatus == "415")
      #expect(try await status { $0[3].1 = "application/grpc+json" }.httpStatus == "415")
      #expect(try await status { $0.append(("grpc-timeout", "1 hour")) }.status == 3)
      let encoding = try await status { $0.append(("grpc-encoding", "zstd")) }
      #expect(encoding.status == 12)
      #expect(encoding.headers.first(name: "grpc-accept-encoding")?.contains("identity") == true)
      #expect(try await status { _ in }.status == 3, "no message")
    }
  }

  @Test func takesOneMessageWhereOneIsMeant() async throws {
    try await serving { _, client in
      let message = GRPCTestClient.framed(try GRPCTestClient.bytes(Inference_ServerLiveRequest()))
      var two = message
      two.writeImmutableBuffer(message)
      let id = try await client.begin("/inference.GRPCInferenceService/ServerLive")
      try await client.send(id, two, isLast: true)
      #expect(try await client.reply(id).status == 3)
      let cut = try await client.begin("/inference.GRPCInferenceService/ServerLive")
      try await client.send(cut, ByteBuffer(bytes: [0, 0, 0, 0, 9, 1]), isLast: true)
      let reply = try await client.reply(cut)
      #expect(reply.status == 3)
      #expect(reply.message.contains("within a message"))
      let compressed = try await client.begin("/inference.GRPCInferenceService/ServerLive")
      try await client.send(compressed, ByteBuffer(bytes: [1, 0, 0, 0, 0]), isLast: true)
      #expect(try await client.reply(compressed).status == 3)
    }
  }

  @Test func keepsDeadlines() async throws {
    try await serving { _, client in
      let late = try await client.infer(GRPCBodies.infer(), [("grpc-timeout", "1n")])
      #expect(late.status == 4)
      let early = try await client.infer(GRPCBodies.infer(), [("grpc-timeout", "20S")])
      #expect(early.status == 0)
    }
  }

  @Test func refusesLongMessagesBeforeTheyCome() async throws {
    var limits = HTTPLimits()
    limits.bodyBytes = 1000
    try await serving(limits: limits) { engine, client in
      let id = try await client.begin("/inference.GRPCInferenceService/ModelInfer")
      try await client.send(id, ByteBuffer(bytes: [0, 0, 0, 0x10, 0]))
      let reply = try await client.reply(id)
      #expect(reply.status == 8)
      #expect(reply.message.contains("1000"))
      // The connection is as good as before.
      #expect(try await client.infer(GRPCBodies.infer()).status == 0)
      try await eventually("nothing is kept") { engine.bodyBytes == 0 }
    }
  }

  @Test func refusesWhatAllConnectionsTogetherMayNotHold() async throws {
    var limits = HTTPLimits()
    limits.totalBodyBytes = 10_000
    try await serving(limits: limits) { engine, client in
      let id = try await client.begin("/inference.GRPCInferenceService/ModelInfer")
      var part = ByteBuffer(bytes: [0, 0, 0, 0x40, 0])
      part.writeRepeatingByte(0, count: 12_000)
      try await client.send(id, part)
      #expect(try await client.reply(id).status == 14)
      try await eventually("nothing is kept") { engine.bodyBytes == 0 }
      #expect(try await client.infer(GRPCBodies.infer()).status == 0)
    }
  }
}
