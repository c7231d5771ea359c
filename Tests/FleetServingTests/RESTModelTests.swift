import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import FleetServing

/// The calls around infer: configuration, statistics, repository, and those that are not done here.
@Suite struct RESTModelTests {
  /// A repository of `digits@1`, ready, and `letters@2`, not.
  private final class FakeRepository: RepositoryControl {
    let calls = Mutex<[String]>([])

    var index: [RepositoryIndexEntry] {
      [
        RepositoryIndexEntry(name: "digits", version: 1, state: .ready),
        RepositoryIndexEntry(name: "letters", version: 2, state: .unavailable, reason: "unloaded \"by hand\""),
      ]
    }

    func load(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?> {
      calls.withLock { $0.append("load \(model)") }
      let isKnown = index.contains { $0.name == model }
      return loop.makeSucceededFuture(
        isKnown ? nil : ServingError(.notFound, "no model '\(model)' is in the repository")
      )
    }

    func unload(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?> {
      calls.withLock { $0.append("unload \(model)") }
      return loop.makeSucceededFuture(nil)
    }
  }

  @Test(arguments: ["/v2/models/digits/config", "/v2/models/digits/versions/1/config"])
  func configurationHasWhatClientsNeed(path: String) async throws {
    let rest = try RESTHarness(["digits": FakeModel(marker: 1)])
    let answer = try await rest.send(.GET, path)
    #expect(answer.status == 200)
    #expect(answer.json["name"] as? String == "digits")
    #expect(answer.json["platform"] as? String == "fake")
    #expect(answer.json["backend"] as? String == "fake")
    #expect(answer.json["max_batch_size"] as? Int == 1024)
    let input = try #require((answer.json["input"] as? [[String: Any]])?.first)
    #expect(input["name"] as? String == "pixels")
    #expect(input["data_type"] as? String == "TYPE_FP32")
    #expect(input["dims"] as? [Int] == [1, 8, 8])
    let outputs = try #require(answer.json["output"] as? [[String: Any]])
    #expect(outputs.map { $0["data_type"] as? String } == ["TYPE_FP32", "TYPE_INT64", "TYPE_FP16"])
    #expect((answer.json["version_policy"] as? [String: [String: Int]]) == ["latest": ["num_versions": 1]])
    #expect((answer.json["model_transaction_policy"] as? [String: Bool]) == ["decoupled": false])
    #expect((answer.json["instance_group"] as? [[String: Any]])?.first?["count"] as? Int == 1)
    #expect(answer.json["dynamic_batching"] == nil)
    try await rest.stop()
  }

  @Test func siblingsAreToldOfTheLoad() async throws {
    let rest = try RESTHarness(["digits": FakeModel(marker: 1)])
    let answer = try await rest.send(.GET, "/v2/load")
    #expect(answer.status == 200)
    let report = try JSONDecoder().decode(LoadReport.self, from: Data(answer.body))
    #expect(report.node == NodeName("austin-01/a") && report.isServing)
    #expect(abs(report.time - Date().timeIntervalSince1970) < 60)
    #expect(report.models.map { "\($0.name)@\($0.version)" } == ["digits@1"])
    let meter = try #require(rest.registry.find("digits")?.meter)
    for _ in 0..<3 { meter.began(received: .now() - .milliseconds(20)).answered(isError: true) }
    let later = try await JSONDecoder().decode(LoadReport.self, from: Data(rest.send(.GET, "/v2/load").body))
    #expect(later.models[0].requests == 3 && later.models[0].errors == 3 && later.models[0].inFlight == 0)
    #expect(later.models[0].latency.count == 3)
    #expect((later.models[0].latency.milliseconds(atPercentile: 50) ?? 0) >= 20)
    try await rest.stop()
  }

  @Test func configurationTellsOfBatchingAndVersions() async throws {
    let rest = try RESTHarness([:])
    var options = ModelOptions()
    options.largestBatch = 16
    options.longestDelay = 0.002
    options.versions = .listed([1, 4])
    rest.registry.activate(
      ServedVersion(
        version: ModelVersion(name: "echo", number: 4),
        digest: ModelDigest(ofManifest: []),
        model: EchoModel(.bytes),
        options: options
      )
    )
    let answer = try await rest.send(.GET, "/v2/models/echo/config")
    let batching = try #require(answer.json["dynamic_batching"] as? [String: Any])
    #expect(batching["preferred_batch_size"] as? [Int] == [16])
    #expect(batching["max_queue_delay_microseconds"] as? Int == 2000)
    #expect((batching["default_queue_policy"] as? [String: Any])?["max_queue_size"] as? Int == 64)
    #expect((answer.json["version_policy"] as? [String: [String: [Int]]]) == ["specific": ["versions": [1, 4]]])
    #expect((answer.json["input"] as? [[String: Any]])?.first?["data_type"] as? String == "TYPE_STRING")
    try await rest.stop()
  }

  @Test func statisticsTellOfOneModelAndOfAll() async throws {
    let rest = try RESTHarness(["digits": FakeModel(marker: 1), "echo": EchoModel(.fp32)])
    rest.registry.find("digits")?.active.statistics.update { counts in
      counts.lastInference = 1_700_000_000_000
      counts.inferences = 9
      counts.executions = 2
      counts.success.add(.microseconds(5), count: 2)
      counts.queue.add(.nanoseconds(7))
      var batch = VersionStatistics.Batch()
      batch.infer.add(.nanoseconds(11))
      counts.batches = [8: batch, 1: VersionStatistics.Batch()]
    }
    for path in ["/v2/models/digits/stats", "/v2/models/digits/versions/1/stats", "/v2/models/stats"] {
      let answer = try await rest.send(.GET, path)
      #expect(answer.status == 200)
      let all = try #require(answer.json["model_stats"] as? [[String: Any]])
      #expect(all.map { $0["name"] as? String } == (path == "/v2/models/stats" ? ["digits", "echo"] : ["digits"]))
      let digits = all[0]
      #expect(digits["version"] as? String == "1")
      #expect(digits["last_inference"] as? Int == 1_700_000_000_000)
      #expect(digits["inference_count"] as? Int == 9)
      #expect(digits["execution_count"] as? Int == 2)
      let sums = try #require(digits["inference_stats"] as? [String: [String: Int]])
      #expect(sums["success"] == ["count": 2, "ns": 10_000])
      #expect(sums["queue"] == ["count": 1, "ns": 7])
      #expect(
        Set(sums.keys) == [
          "success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss",
        ]
      )
      let batches = try #require(digits["batch_stats"] as? [[String: Any]])
      #expect(batches.map { $0["batch_size"] as? Int } == [1, 8])
      #expect(batches[1]["compute_infer"] as? [String: Int] == ["count": 1, "ns": 11])
    }
    #expect(try await rest.send(.GET, "/v2/models/other/stats").status == 404)
    #expect(try await rest.send(.GET, "/v2/models/digits/versions/2/stats").status == 404)
    try await rest.stop()
  }

  @Test func repositoryTellsWhatItHolds() async throws {
    let rest = try RESTHarness([:], repository: FakeRepository())
    for body in ["", " ", "{}", #"{"ready":false}"#, #"{"x":[1],"ready":false}"#] {
      let answer = try await rest.send(.POST, "/v2/repository/index", body)
      #expect(
        answer.text == #"[{"name":"digits","version":"1","state":"READY","reason":""},"#
          + #"{"name":"letters","version":"2","state":"UNAVAILABLE","reason":"unloaded \"by hand\""}]"#
      )
    }
    let ready = try await rest.send(.POST, "/v2/repository/index", #"{"ready":true}"#)
    #expect(ready.text == #"[{"name":"digits","version":"1","state":"READY","reason":""}]"#)
    let extensions = try await rest.send(.GET, "/v2").json["extensions"] as? [String]
    #expect(extensions?.contains("model_repository") == true)
    try await rest.stop()
  }

  @Test func loadsAndUnloads() async throws {
    let repository = FakeRepository()
    let rest = try RESTHarness([:], repository: repository)
    for (path, body) in [
      ("letters/load", ""), ("letters/load", "{}"), ("letters/unload", ""),
      ("letters/unload", #"{"parameters":{"unload_dependents":false}}"#),
    ] {
      let answer = try await rest.send(.POST, "/v2/repository/models/\(path)", body)
      #expect(answer.status == 200)
      #expect(answer.body.isEmpty)
    }
    #expect(repository.calls.withLock { $0 } == ["load letters", "load letters", "unload letters", "unload letters"])
    try await rest.stop()
  }

  @Test(arguments: [
    ("letters/load", #"{"parameters":{"config":"{}"}}"#, 400, "parameter 'config' is not supported"),
    ("letters/load", #"{"parameters":{"file:1/model.onnx":"AAAA"}}"#, 400, "parameter 'file:1/model.onnx' is not"),
    ("letters/load", "[", 400, "expected '{', found '['"),
    ("letters/load", #"{"parameters":7}"#, 400, "expected '{', found '7'"),
    ("letters/unload", "{}}", 400, "something follows the end"),
    ("letters/load", "{\"x\":" + String(repeating: "[", count: 60_000), 400, "nested deeper than 64"),
    ("letters/load", "{\"x\":\"" + String(repeating: "a", count: 70_000) + "\"}", 413, "longer than 65536 bytes"),
    ("..%2fetc/load", "", 400, "'../etc' is not a model's name"),
    ("%2e%2e/unload", "", 400, "'..' is not a model's name"),
    ("a%00b/load", "", 400, "is not a model's name"),
    ("numbers/load", "", 404, "no model 'numbers' is in the repository"),
    ("/load", "", 404, "no call has the path"),
  ])
  func refusesToLoad(path: String, body: String, status: Int, words: String) async throws {
    let repository = FakeRepository()
    let rest = try RESTHarness([:], repository: repository)
    let answer = try await rest.send(.POST, "/v2/repository/models/\(path)", body)
    #expect(answer.status == status)
    #expect((answer.json["error"] as? String)?.contains(words) == true, "\(answer.text)")
    #expect(repository.calls.withLock { $0 }.allSatisfy { $0 == "load numbers" })
    try await rest.stop()
  }

  @Test(arguments: [
    ("POST", "/v2/repository/index", "the model repository is not available here"),
    ("POST", "/v2/repository/models/digits/load", "the model repository is not available here"),
    ("POST", "/v2/repository/models/digits/unload", "the model repository is not available here"),
    ("GET", "/v2/cudasharedmemory/status", "CUDA shared memory is out of scope"),
    ("POST", "/v2/cudasharedmemory/region/a/register", "CUDA shared memory is out of scope"),
    ("GET", "/v2/trace/setting", "tracing is out of scope"),
    ("POST", "/v2/models/digits/trace/setting", "tracing is out of scope"),
    ("GET", "/v2/logging", "changing what is logged is out of scope"),
    ("POST", "/v2/models/digits/generate_stream", "generating text is out of scope"),
  ])
  func saysWhatIsNotDoneHere(method: String, path: String, words: String) async throws {
    let rest = try RESTHarness(["digits": FakeModel(marker: 1)])
    let answer = try await rest.send(.init(rawValue: method), path)
    #expect(answer.status == 400)
    #expect((answer.json["error"] as? String)?.hasPrefix(words) == true, "\(answer.text)")
    try await rest.stop()
  }

  @Test func namesInPathsStandForThemselvesFirst() async throws {
    let rest = try RESTHarness(["stats": FakeModel(marker: 1), "config": FakeModel(marker: 2)])
    #expect(try await rest.send(.GET, "/v2/models/stats").json["model_stats"] != nil)
    #expect(try await rest.send(.GET, "/v2/models/stats/").json["model_stats"] != nil)
    #expect(try await rest.send(.GET, "/v2/models/config/ready").json["name"] as? String == "config")
    #expect(try await rest.send(.GET, "/v2/models/config").json["name"] as? String == "config")
    #expect(try await rest.send(.POST, "/v2/models/stats").status == 405)
    #expect(try await rest.send(.GET, "/v2/repository/index").fields["allow"] == "POST")
    #expect(try await rest.send(.POST, "/v2/models/config/config").fields["allow"] == "GET, HEAD")
    #expect(try await rest.send(.GET, "//v2").status == 404)
    #expect(try await rest.send(.GET, "/v2//health/live").status == 404)
    #expect(try await rest.send(.GET, "/v2?x=/health/live").json["name"] as? String == "fleetd")
    try await rest.stop()
  }
}
