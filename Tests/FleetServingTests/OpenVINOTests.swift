import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Testing

/// The real runtime on the real models; skipped where its library is not installed.
@Suite struct OpenVINOTests {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/models").path
  private static let engine = Result { try OpenVINOEngine(searchPath: [libraries]) }
  private static let libraries = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".deps/openvino/libs").path
  private static var isInstalled: Bool { (try? engine.get()) != nil }

  private struct Golden: Decodable {
    let images: [[Float]]
    let labels: [Int]
  }

  @Test(.enabled(if: isInstalled), arguments: [(1, 276), (2, 292), (3, 294), (4, 30)])
  func readsTheGoldenSet(version: Int, expected: Int) async throws {
    let engine = try Self.engine.get()
    let test = try await TestEngine.start(engine, model: nil)
    let folder = "\(Self.models)/tag-reader/\(version)"
    let reply = try await test.call(
      .activate(ModelVersion(name: "tag-reader", number: version), digest: ModelDigest(ofManifest: []), folder: folder)
    )
    guard case .activated = reply else { throw TestFailure("\(reply)") }
    let data = try Data(contentsOf: URL(filePath: "\(Self.models)/golden/tag-reader.json"))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let client = try TestClient(test.port)
    var right = 0
    for batch in stride(from: 0, to: golden.images.count, by: 50) {
      let images = golden.images[batch..<min(batch + 50, golden.images.count)]
      let pixels = images.flatMap { $0 }.map { "\($0)" }.joined(separator: ",")
      let answer = try await client.infer(
        #"{"inputs":[{"name":"pixels","shape":[\#(images.count),1,8,8],"datatype":"FP32","data":[\#(pixels)]}]}"#,
        path: "/v2/models/tag-reader/infer"
      )
      let output = try #require((answer.json["outputs"] as? [[String: Any]])?.first, "\(answer.text)")
      let scores = try #require(output["data"] as? [Double])
      for (index, label) in golden.labels[batch..<(batch + images.count)].enumerated() {
        let row = scores[(index * 10)..<(index * 10 + 10)]
        if row.firstIndex(of: row.max() ?? 0).map({ $0 - index * 10 }) == label { right += 1 }
      }
    }
    // The fixtures' README says so; another processor may round one picture differently.
    #expect(abs(right - expected) <= 1, "\(right) of \(golden.labels.count)")
    await test.stop()
  }

  /// What the fixtures' README says, measured where the versions would be gated.
  @Test(.enabled(if: isInstalled), arguments: [(1, 276), (2, 292), (3, 294), (4, 30)])
  func evaluatesTheGoldenSetOfEachVersion(number: Int, expected: Int) async throws {
    let test = try await TestEngine.start(Self.engine.get(), model: nil)
    let version = ModelVersion(name: "tag-reader", number: number)
    let (folder, digest) = ("\(Self.models)/tag-reader/\(number)", ModelDigest(ofManifest: []))
    guard case .activated = try await test.call(.activate(version, digest: digest, folder: folder)) else {
      throw TestFailure("it does not load")
    }
    let reply = try await test.call(.evaluate(version, digest: digest, folder: folder, withinSeconds: 30))
    guard case .evaluated(let result) = reply else { throw TestFailure("\(reply)") }
    print("tag-reader@\(number): \(result.right) of \(result.total)")
    #expect(result.total == 300 && abs(result.right - expected) <= 1, "\(result)")
    await test.stop()
  }

  /// As exact as another runtime on another machine, whatever this processor offers to compute faster with.
  @Test(.enabled(if: isInstalled), arguments: [1, 2, 3, 4])
  func computesWhatONNXRuntimeDoes(version: Int) throws {
    let folder = URL(filePath: "\(Self.models)/golden")
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: folder.appending(path: "tag-reader.json"))
    )
    let known = try JSONDecoder().decode(
      [String: [[Float]]].self,
      from: Data(contentsOf: folder.appending(path: "tag-reader.scores.json"))
    )
    let expected = try #require(known["\(version)"])
    var pixels = ByteBuffer()
    for value in golden.images[..<expected.count].flatMap({ $0 }) {
      pixels.writeInteger(value.bitPattern, endianness: .little)
    }
    let model = try Self.engine.get().load(folder: "\(Self.models)/tag-reader/\(version)")
    let input = Tensor(name: "pixels", datatype: .fp32, shape: [expected.count, 1, 8, 8], bytes: pixels)
    var scores = try #require(try model.infer([input], wanted: [0]).first).bytes
    for (index, value) in expected.flatMap({ $0 }).enumerated() {
      let bits = scores.readInteger(endianness: .little, as: UInt32.self)
      let score = Float(bitPattern: try #require(bits))
      #expect(abs(score - value) <= 1e-4, "score \(index % 10) of picture \(index / 10)")
    }
    #expect(scores.readableBytes == 0)
  }

  @Test(.enabled(if: isInstalled)) func tellsOfItself() throws {
    let engine = try Self.engine.get()
    #expect(engine.runtime.hasPrefix("OpenVINO 20"))
    #expect(engine.devices.contains { $0.id == "CPU" && $0.name != "CPU" })
    let model = try engine.load(folder: "\(Self.models)/tag-reader/1")
    #expect(model.inputs == [TensorDescription(name: "pixels", datatype: .fp32, shape: [-1, 1, 8, 8])])
    #expect(model.outputs == [TensorDescription(name: "scores", datatype: .fp32, shape: [-1, 10])])
  }

  @Test(.enabled(if: isInstalled), arguments: ["bad/truncated", "bad/not-a-model", "golden", "nowhere"])
  func saysWhyAVersionDoesNotLoad(folder: String) throws {
    let engine = try Self.engine.get()
    let error = #expect(throws: EngineError.self) { try engine.load(folder: "\(Self.models)/\(folder)") }
    let message = try #require(error?.message)
    #expect(!message.contains("\n"))
    #expect(!message.hasPrefix("Exception from"))
    #expect(message.count > 20 && message.count <= 400)
  }

  @Test(.enabled(if: isInstalled)) func aDeviceThatIsNotThereIsNamed() throws {
    let error = #expect(throws: EngineError.self) { try OpenVINOEngine(searchPath: [Self.libraries], device: "TPU") }
    #expect(error?.message.hasPrefix("no device 'TPU' on this machine; OpenVINO finds CPU") == true)
  }

  @Test(.enabled(if: isInstalled)) func computesForManyAtOnce() async throws {
    let model = try Self.engine.get().load(folder: "\(Self.models)/tag-reader/2")
    let expected = try (1...4).map { rows in try model.infer([Self.tensor(rows)], wanted: [0]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for round in 0..<50 {
            let rows = (task + round) % 4 + 1
            let outputs = try model.infer([Self.tensor(rows)], wanted: [0])
            #expect(outputs == expected[rows - 1])
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test(.enabled(if: isInstalled)) func rowsOfSeveralCallersGetTheirOwnAnswers() async throws {
    let model = try Self.engine.get().load(folder: "\(Self.models)/tag-reader/2")
    let bench = InferBench()
    let version = try bench.version(model) { options in
      options.maximumWait = 60
      options.largestBatch = 9
      // Together they are as many as fit: nobody waits that long.
      options.longestDelay = 60
    }
    let calls = [1, 3, 2, 1, 2].enumerated().map { index, rows in [Self.tensor(rows, offset: index * 5)] }
    let expected = try calls.map { try model.infer($0, wanted: [0]) }
    for _ in 0..<3 {
      let answers = calls.map { bench.infer($0, on: version) }
      for (answer, expected) in zip(answers, expected) {
        let outputs = try await answer.get().get().outputs
        #expect(outputs.map(\.shape) == expected.map(\.shape))
        for (one, other) in zip(Self.floats(outputs[0]), Self.floats(expected[0])) { #expect(abs(one - other) <= 1e-4) }
      }
    }
    let counts = version.statistics.current
    #expect(counts.executions == 3)
    #expect(counts.success.count == 15)
    #expect(counts.batches[9]?.infer.count == 3)
    try await bench.stop()
  }

  @Test(.enabled(if: isInstalled)) func runsAsManyAtATimeAsItsHintWants() throws {
    let engine = try Self.engine.get()
    var options = ModelOptions()
    #expect(try engine.load(folder: "\(Self.models)/tag-reader/2", options: options).parallelism == 2)
    options.hint = .latency
    #expect(try engine.load(folder: "\(Self.models)/tag-reader/2", options: options).parallelism == 1)
    options.hint = .throughput
    #expect(try engine.load(folder: "\(Self.models)/tag-reader/2", options: options).parallelism >= 1)
  }

  private static func floats(_ tensor: Tensor) -> [Float] {
    var bytes = tensor.bytes
    return (0..<(bytes.readableBytes / 4)).map { _ in
      Float(bitPattern: bytes.readInteger(endianness: .little) ?? 0)
    }
  }

  private static func tensor(_ rows: Int, offset: Int = 0) -> Tensor {
    var bytes = ByteBuffer()
    for index in 0..<(rows * 64) { bytes.writeInteger(Float((index + offset) % 17).bitPattern, endianness: .little) }
    return Tensor(name: "pixels", datatype: .fp32, shape: [rows, 1, 8, 8], bytes: bytes)
  }
}
