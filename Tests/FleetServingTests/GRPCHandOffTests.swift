import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import SwiftProtobuf
import Testing

/// gRPC's calls while a node drains.
@Suite struct GRPCHandOffTests {
  private func handOff(_ engine: TestEngine, to ports: [UInt16], refusesWhenAlone: Bool = false) async throws {
    let siblings = ports.map { "127.0.0.1:\($0)" }
    #expect(try await engine.call(.handOff(siblings: siblings, refusesWhenAlone: refusesWhenAlone)) == .done)
  }

  private func ready(_ client: GRPCTestClient) async throws -> [Bool] {
    let server: Inference_ServerReadyResponse = try await client.call("ServerReady", Inference_ServerReadyRequest())
      .decoded()
    let model: Inference_ModelReadyResponse = try await client.call(
      "ModelReady",
      Inference_ModelReadyRequest.with { $0.name = "digits" }
    ).decoded()
    return [server.ready, model.ready]
  }

  @Test func passesCallsOnAndTakesThemBack() async throws {
    let a = try await TestEngine.start(model: "marker-1")
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    let client = try await GRPCTestClient.connect(a.grpcPort)
    #expect(try await client.infer(GRPCBodies.infer()).marker == 1)
    #expect(try await ready(client) == [true, true])
    try await handOff(a, to: [b.port])
    #expect(try await ready(client) == [false, false])
    let answer: Inference_ModelInferResponse = try await client.infer(GRPCBodies.infer(id: "ü 1")).decoded()
    #expect(answer.marker == 2)
    #expect(answer.id == "ü 1")
    // What is wrong with a call is told by who would have served it, in the same words.
    let wrong = try await client.infer(GRPCBodies.infer { $0.inputs[0].name = "größe" })
    #expect(wrong.status == 3)
    #expect(wrong.message.contains("'größe'"))
    // So in a stream.
    let id = try await client.begin("/inference.GRPCInferenceService/ModelStreamInfer")
    for request in [GRPCBodies.infer(id: "1"), GRPCBodies.infer(id: "2", outputs: ["score"])] {
      try await client.send(id, GRPCTestClient.framed(try GRPCTestClient.bytes(request)))
    }
    let stream = try await client.reply(id) { $0.messages.count == 2 }
    let first: Inference_ModelStreamInferResponse = try stream.decoded(0)
    let second: Inference_ModelStreamInferResponse = try stream.decoded(1)
    #expect(first.inferResponse.marker == 2)
    #expect(second.errorMessage.contains("'score'"))
    try await client.send(id, ByteBuffer(), isLast: true)
    #expect(try await client.reply(id).status == 0)

    #expect(try await a.status().handedOff == 4)
    #expect(try await a.status().requests == 1)
    #expect(try await b.status().requests == 4)
    #expect(try await b.status().errors == 0)
    #expect(try await a.call(.serve) == .done)
    #expect(try await client.infer(GRPCBodies.infer()).marker == 1)
    await client.close()
    await a.stop()
    await b.stop()
  }

  @Test func servesAloneWhenNoSiblingDoes() async throws {
    let a = try await TestEngine.start(model: "marker-1")
    let empty = try await TestEngine.start(model: nil, name: "austin-01/b")
    let (unused, port) = try Sockets.listen(isListening: false)
    let client = try await GRPCTestClient.connect(a.grpcPort)
    try await handOff(a, to: [port, empty.port])
    #expect(try await client.infer(GRPCBodies.infer()).marker == 1)
    try await handOff(a, to: [port, empty.port], refusesWhenAlone: true)
    let refused = try await client.infer(GRPCBodies.infer())
    #expect(refused.status == 14)
    #expect(refused.message.contains("draining"))
    // Two that drain do not pass a call back and forth.
    try await handOff(empty, to: [a.port], refusesWhenAlone: true)
    #expect(try await client.infer(GRPCBodies.infer()).status == 14)
    await client.close()
    close(unused)
    await a.stop()
    await empty.stop()
  }

  @Test func passesAnEnginesFailureOn() async throws {
    let a = try await TestEngine.start(model: "marker-1")
    let b = try await TestEngine.start(model: "failing", name: "austin-01/b")
    let client = try await GRPCTestClient.connect(a.grpcPort)
    try await handOff(a, to: [b.port])
    let reply = try await client.infer(GRPCBodies.infer())
    #expect(reply.status == 13)
    #expect(reply.message.contains("the accelerator is gone"))
    #expect(try await b.status().errors == 1)
    await client.close()
    await a.stop()
    await b.stop()
  }
}
