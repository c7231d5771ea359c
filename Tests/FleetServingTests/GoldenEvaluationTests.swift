import FleetCore
import FleetServing
import FleetWire
import Foundation
import Testing

import class FleetTestSupport.TemporaryFolder

/// An engine that is asked how many pictures of a golden set it knows.
@Suite struct GoldenEvaluationTests {
  private let folder: TemporaryFolder
  private let digits = ModelVersion(name: "digits", number: 1)

  init() throws { folder = try TemporaryFolder() }

  /// The fake models answer their marker in all scores, so that each picture with label 0 is right.
  private func write(labels: [Int], input: String = "pixels", output: String = "scores", length: Int = 64) throws {
    let image = "[\(Array(repeating: "1", count: length).joined(separator: ","))]"
    let images = labels.map { _ in image }.joined(separator: ",")
    let text = #"{"input":"\#(input)","output":"\#(output)","images":[\#(images)],"labels":\#(labels)}"#
    try Data(text.utf8).write(to: URL(filePath: folder.path("golden.json")))
  }

  private func evaluation(of model: String = "marker-1", seconds: Double = 20) -> EngineCommand {
    .evaluate(
      digits,
      digest: ModelDigest(ofManifest: Array(model.utf8)),
      folder: folder.path,
      withinSeconds: seconds
    )
  }

  @Test func countsWhatIsRightAndNoClientSeesIt() async throws {
    let engine = try await TestEngine.start()
    try write(labels: [0, 3, 0, 0, 9])
    #expect(try await engine.call(evaluation()) == .evaluated(GoldenResult(right: 3, total: 5)))
    #expect(try await engine.call(evaluation()) == .evaluated(GoldenResult(right: 3, total: 5)), "may be repeated")
    guard case .report(let report) = try await engine.call(.report), let model = report.models.first else {
      throw TestFailure("no report")
    }
    #expect(model.requests == 0 && model.computeTime.count == 0 && model.queueTime.count == 0)
    #expect(report.versions.first?.counts.inferences == 0 && report.versions.first?.counts.executions == 0)
    #expect(report.computing.isEmpty)
    await engine.stop()
  }

  @Test func saysWhatIsWrongInWords() async throws {
    let engine = try await TestEngine.start()
    func refusal() async throws -> String {
      let reply = try await engine.call(evaluation())
      guard case .refused(.unusable, let words) = reply else { throw TestFailure("\(reply)") }
      return words
    }
    #expect(try await refusal() == "digits@1: golden.json is not in the version's folder")
    try Data("{".utf8).write(to: URL(filePath: folder.path("golden.json")))
    #expect(try await refusal().hasPrefix("digits@1: golden.json is not as expected at byte 1"))
    try write(labels: [0], input: "pixel", output: "score")
    #expect(
      try await refusal()
        == "digits@1: golden.json: the model has no input 'pixel'; did you mean 'pixels'?; "
        + "the model has no output 'score'; did you mean 'scores'?"
    )
    try write(labels: [0], length: 63)
    #expect(try await refusal().contains("images[0] does not fit the input 'pixels' (FP32 [-1,1,8,8])"))
    try write(labels: [0, 12])
    #expect(
      try await refusal()
        == "digits@1: golden.json: labels[1]: the label 12 is none of the 10 numbers that output 'scores' gives"
    )
    try write(labels: [0])
    let other = try await engine.call(
      .evaluate(
        ModelVersion(name: "digits", number: 2),
        digest: ModelDigest(ofManifest: []),
        folder: folder.path,
        withinSeconds: 1
      )
    )
    guard case .refused(.conflict, let words) = other else { throw TestFailure("\(other)") }
    #expect(words.contains("digits@2") && words.contains("it serves digits@1"))
    await engine.stop()
  }

  @Test func modelThatFailsIsNoWrongAnswer() async throws {
    let engine = try await TestEngine.start(FakeEngine(), model: "failing")
    try write(labels: [0])
    let reply = try await engine.call(evaluation(of: "failing"))
    #expect(reply == .refused(.unusable, "digits@1: the engine failed: the accelerator is gone"))
    await engine.stop()
  }

  @Test func clientsAreAnsweredWhileAPictureIsComputed() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-1")
    try write(labels: [0, 0])
    let asked = engine.send(evaluation(of: "gated-1"))
    try await eventually("the first picture is computed") { gate.arrivals == 1 }
    for _ in 0..<5 { #expect(try await TestClient(engine.port).infer(Bodies.json()).marker == 1) }
    guard case .report(let report) = try await engine.call(.report) else { throw TestFailure("no report") }
    #expect(report.computing.map(\.version) == [digits], "one that hangs would be noticed")
    #expect(report.models.first?.requests == 5)
    gate.open()
    #expect(try await engine.reply(to: asked) == .evaluated(GoldenResult(right: 2, total: 2)))
    await engine.stop()
  }

  @Test func isGivenUpAtItsDeadline() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-1")
    try write(labels: [0, 0, 0])
    let asked = engine.send(evaluation(of: "gated-1", seconds: 0.2))
    let end = ContinuousClock.now + .milliseconds(250)
    try await eventually("its time is over") { ContinuousClock.now > end }
    gate.open()
    let words = "digits@1 did not answer its golden set in time: the node is too busy"
    #expect(try await engine.reply(to: asked) == .refused(.timeout, words))
    #expect(gate.arrivals <= 1, "it does not go on in vain")
    await engine.stop()
  }

  @Test func stoppingEndsIt() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-1")
    // More than it could compute until it hears.
    try write(labels: Array(repeating: 0, count: 3000))
    let asked = engine.send(evaluation(of: "gated-1"))
    try await eventually("the first picture is computed") { gate.arrivals == 1 }
    async let stopped: Void = engine.engine.stop(within: .seconds(5))
    try await eventually("it stops") { (try? TestClient(engine.port)) == nil }
    gate.open()
    #expect(try await engine.reply(to: asked) == .refused(.unreachable, "the engine is stopping"))
    await stopped
    close(engine.agent)
  }
}
