import FleetCore
import FleetServing
import FleetWire
import Foundation
import Synchronization
import Testing

/// Counts what several clients do.
private final class Progress: Sendable {
  private let total = Mutex(0)

  var count: Int { total.withLock { $0 } }

  func advance() {
    total.withLock { $0 += 1 }
  }
}

@Suite struct SwapTests {
  @Test(arguments: ["marker", "slow"])
  func losesNothingUnderLoad(kind: String) async throws {
    let engine = try await TestEngine.start(model: "\(kind)-1")
    let port = engine.port
    let lastVersion = 8
    let progress = Progress()
    let answered = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let client = try TestClient(port)
          var count = 0
          var newest = 1
          while newest < lastVersion {
            let answer = try await client.infer(Bodies.json())
            #expect(answer.status == 200, "\(answer.text)")
            // The name of the version and what it computed must come from one and the same.
            let version = try #require(Int(answer.json["model_version"] as? String ?? ""))
            #expect(answer.marker == Double(version))
            #expect(version >= newest, "a connection never goes back")
            newest = version
            count += 1
            progress.advance()
          }
          return count
        }
      }
      for version in 2...lastVersion {
        let before = progress.count
        try await eventually("requests are answered between two swaps") { progress.count >= before + 20 }
        try await engine.activate("\(kind)-\(version)", version: version)
      }
      return try await group.reduce(0, +)
    }
    let status = try await engine.status()
    #expect(status.requests == UInt64(answered))
    #expect(status.latency.count == UInt64(answered))
    #expect(status.errors == 0)
    #expect(status.version == lastVersion)
    await engine.stop()
  }

  @Test func aVersionThatDoesNotLoadChangesNothing() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    for (folder, words) in [("broken", "'broken' is not a model"), ("failing-0", "")] {
      let reply = try await engine.call(
        .activate(ModelVersion(name: "digits", number: 2), digest: ModelDigest(ofManifest: []), folder: "/m/\(folder)")
      )
      if words.isEmpty { continue }
      #expect(reply == .failed(words))
      #expect(try await client.infer(Bodies.json()).marker == 1)
      #expect(try await engine.status().version == 1)
    }
    await engine.stop()
  }

  @Test func aVersionThatIsReadyTooLateChangesNothing() async throws {
    let loading = Gate(isOpen: true)
    let engine = try await TestEngine.start(FakeEngine(loading: loading))
    loading.close()
    let sent = ContinuousClock.now
    let id = engine.send(
      .activate(
        ModelVersion(name: "digits", number: 2),
        digest: ModelDigest(ofManifest: []),
        folder: "/models/marker-2",
        withinSeconds: 0.5
      )
    )
    try await eventually("the load has begun") { loading.arrivals == 2 }
    try await eventually("the time is over") { ContinuousClock.now - sent > .milliseconds(600) }
    loading.open()
    #expect(try await engine.reply(to: id) == .failed("took longer than 500ms"))
    #expect(try await TestClient(engine.port).infer(Bodies.json()).marker == 1)
    // And one whose turn came too late is not even loaded.
    let reply = try await engine.call(
      .activate(
        ModelVersion(name: "digits", number: 3),
        digest: ModelDigest(ofManifest: []),
        folder: "/models/marker-3",
        withinSeconds: 0
      )
    )
    #expect(reply == .failed("took longer than 0us"))
    #expect(loading.arrivals == 2)
    #expect(try await engine.status().version == 1)
    await engine.stop()
  }

  @Test func requestsInFlightFinishOnTheOldVersion() async throws {
    let gate = Gate(isOpen: false)
    let engine = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-1")
    let port = engine.port
    async let held = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1))
    try await eventually("the request is computing") { gate.arrivals == 1 }
    try await engine.activate("marker-2", version: 2)
    #expect(try await TestClient(port).infer(Bodies.json()).marker == 2)
    gate.open()
    #expect(try await held.marker == 1)
    await engine.stop()
  }

  @Test func reportsAndServesDuringALongLoad() async throws {
    let loading = Gate(isOpen: true)
    let engine = try await TestEngine.start(FakeEngine(loading: loading))
    let slow = Gate(isOpen: false)
    let other = try await TestEngine.start(FakeEngine(loading: slow), model: nil)
    let id = other.send(
      .activate(ModelVersion(name: "digits", number: 1), digest: ModelDigest(ofManifest: []), folder: "marker-1")
    )
    try await eventually("the load has begun") { slow.arrivals == 1 }
    guard case .report(let report) = try await other.call(.report) else { throw TestFailure("no report") }
    #expect(report.models.isEmpty)
    #expect(report.runtime == "Fake 1.0")
    #expect(try await TestClient(other.port).get("/v2/health/ready").status == 400)
    slow.open()
    guard case .activated = try await other.reply(to: id) else { throw TestFailure("not activated") }
    #expect(try await TestClient(other.port).get("/v2/health/ready").status == 200)
    await engine.stop()
    await other.stop()
  }

  @Test func sameVersionAgainIsDoneAlready() async throws {
    let engine = try await TestEngine.start()
    let reply = try await engine.call(
      .activate(
        ModelVersion(name: "digits", number: 1),
        digest: ModelDigest(ofManifest: Array("marker-1".utf8)),
        folder: "/models/gone"
      )
    )
    #expect(reply == .activated(loadMilliseconds: 0))
    await engine.stop()
  }
}
