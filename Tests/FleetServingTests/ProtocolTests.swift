import FleetCore
import Foundation
import Testing

@Suite struct ProtocolTests {
  @Test func tellsOfItselfAndItsModel() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    #expect(try await client.get("/v2/health/live").status == 200)
    #expect(try await client.get("/v2/health/ready").status == 200)
    let server = try await client.get("/v2")
    #expect(server.json["name"] as? String == "fleetd")
    #expect(
      server.json["extensions"] as? [String]
        == ["binary_tensor_data", "model_configuration", "statistics", "system_shared_memory", "model_repository"]
    )
    for path in ["/v2/models/digits", "/v2/models/digits/versions/1", "/v2/models/digi%74s", "/v2/models/digits?a=b"] {
      let model = try await client.get(path)
      #expect(model.status == 200, "\(path)")
      #expect(model.json["versions"] as? [String] == ["1"])
      #expect(model.json["platform"] as? String == "fake")
      let input = (model.json["inputs"] as? [[String: Any]])?.first
      #expect(input?["name"] as? String == "pixels")
      #expect(input?["datatype"] as? String == "FP32")
      #expect(input?["shape"] as? [Int] == [-1, 1, 8, 8])
      #expect((model.json["outputs"] as? [[String: Any]])?.count == 3)
    }
    #expect(try await client.get("/v2/models/digits/ready").json["ready"] as? Bool == true)
    await engine.stop()
  }

  @Test func isLiveButNotReadyWithoutAModel() async throws {
    let engine = try await TestEngine.start(model: nil)
    let client = try TestClient(engine.port)
    #expect(try await client.get("/v2/health/live").status == 200)
    let ready = try await client.get("/v2/health/ready")
    #expect(ready.status == 400)
    #expect(ready.text == #"{"ready":false}"#)
    await engine.stop()
  }

  @Test(arguments: [1, 2, 17])
  func infersFlatAndNestedJSON(rows: Int) async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let row = "[[\((0..<8).map { _ in "[0,1.5,2,3e0,4,5,6,16]" }.joined(separator: ","))]]"
    let nested = "[\([String](repeating: row, count: rows).joined(separator: ","))]"
    let tensor = #""name":"pixels","datatype":"FP32","shape":[\#(rows),1,8,8]"#
    let wanted = #""outputs":[{"name":"labels"},{"name":"scores"}]"#
    let bodies = [
      Bodies.json(rows: rows, outputs: #"[{"name":"labels"},{"name":"scores"}]"#),
      "{\"id\":\"a\\u00e9\\n\",\"inputs\":[{\(tensor),\"data\":\(nested)}],\(wanted)}",
      // Data before datatype and shape, and members that nobody knows.
      "{\"x\":[{\"y\":[null,true,\"]\"]}],\(wanted),\"inputs\":[{\"data\":\(nested),\(tensor),\"z\":{}}]}",
    ]
    for body in bodies {
      let answer = try await client.infer(body)
      #expect(answer.status == 200, "\(answer.text)")
      let outputs = try #require(answer.json["outputs"] as? [[String: Any]])
      #expect(outputs.map { $0["name"] as? String } == ["labels", "scores"])
      #expect(outputs[0]["data"] as? [Int] == Array(0..<rows))
      #expect(outputs[1]["shape"] as? [Int] == [rows, 10])
      #expect(outputs[1]["data"] as? [Double] == [Double](repeating: 1, count: rows * 10))
      #expect(answer.json["model_name"] as? String == "digits")
      #expect(answer.json["model_version"] as? String == "1")
    }
    #expect(try await client.infer(bodies[1]).json["id"] as? String == "aé\n")
    await engine.stop()
  }

  @Test func infersBinaryTensors() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let json = Array(
      #"""
      {"inputs":[{"name":"pixels","shape":[2,1,8,8],"datatype":"FP32","parameters":{"binary_data_size":512}}],
      "parameters":{"binary_data_output":true},"outputs":[{"name":"scores"},{"name":"labels","parameters":{"binary_data":false}},
      {"name":"halves"}]}
      """#.utf8
    )
    let answer = try await client.send(
      "POST",
      "/v2/models/digits/versions/1/infer",
      fields: ["Inference-Header-Content-Length: \(json.count)"],
      body: json + [UInt8](repeating: 0, count: 512)
    )
    #expect(answer.status == 200, "\(answer.text)")
    let outputs = try #require(answer.json["outputs"] as? [[String: Any]])
    #expect((outputs[0]["parameters"] as? [String: Int])?["binary_data_size"] == 80)
    #expect(outputs[1]["data"] as? [Int] == [0, 1])
    #expect((outputs[2]["parameters"] as? [String: Int])?["binary_data_size"] == 4)
    let one: [UInt8] = [0, 0, 0x80, 0x3f]
    #expect(answer.binary == Array([[UInt8]](repeating: one, count: 20).joined()) + [0, 0, 0, 0])
    await engine.stop()
  }

  @Test func decodesLongBodiesOnAWorker() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let rows = 1024
    let answer = try await client.infer(Bodies.json(rows: rows))
    #expect(answer.status == 200)
    #expect(((answer.json["outputs"] as? [[String: Any]])?.first?["data"] as? [Double])?.count == rows * 10)
    #expect(try await client.infer(Bodies.json(rows: rows).dropLast() + "").status == 400)
    let status = try await engine.status()
    #expect(status.requests == 2)
    #expect(status.queued == 0)
    await engine.stop()
  }

  @Test func countsRequestsAndTimes() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    for _ in 0..<3 { #expect(try await client.infer(Bodies.json()).status == 200) }
    #expect(try await client.infer("{}").status == 400)
    #expect(try await client.infer("{}", path: "/v2/models/other/infer").status == 404)
    let status = try await engine.status()
    #expect(status.requests == 4)
    #expect(status.errors == 0)
    #expect(status.inFlight == 0)
    #expect(status.latency.count == 4)
    #expect(status.computeTime.count == 3)
    #expect(status.queueTime.count == 3)
    await engine.stop()
  }

  @Test func anEngineThatFailsIsAnErrorOfOurs() async throws {
    let engine = try await TestEngine.start(model: "failing-0")
    let client = try TestClient(engine.port)
    let answer = try await client.infer(Bodies.json())
    #expect(answer.status == 500)
    #expect(answer.json["error"] as? String == "the engine failed: the accelerator is gone")
    #expect(try await engine.status().errors == 1)
    await engine.stop()
  }
}
