import FleetCore
import FleetWire
import Foundation
import NIOCore
import Testing

@testable import FleetServing

@Suite struct HandOffTests {
  private func pair() async throws -> (TestEngine, TestEngine) {
    (try await TestEngine.start(), try await TestEngine.start(model: "marker-2", name: "austin-01/b"))
  }

  private func handOff(_ engine: TestEngine, to ports: [UInt16], refusesWhenAlone: Bool = false) async throws {
    let siblings = ports.map { "127.0.0.1:\($0)" }
    #expect(try await engine.call(.handOff(siblings: siblings, refusesWhenAlone: refusesWhenAlone)) == .done)
  }

  @Test func passesRequestsOnAndTakesThemBack() async throws {
    let (a, b) = try await pair()
    let kept = try TestClient(a.port)
    #expect(try await kept.infer(Bodies.json()).marker == 1)
    try await handOff(a, to: [b.port])
    #expect(try await TestClient(a.port).get("/v2/health/ready").status == 400)
    #expect(try await TestClient(a.port).get("/v2/models/digits/ready").status == 400)
    #expect(try await TestClient(a.port).get("/v2/health/live").status == 200)
    // A connection from before is served as well, and asked to go.
    let answer = try await kept.infer(Bodies.json())
    #expect(answer.marker == 2)
    #expect(answer.fields["connection"] == "close")
    #expect(try await kept.isAtEnd())
    for _ in 0..<5 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 2) }
    // What is wrong with a request is told by who would have served it.
    #expect(try await TestClient(a.port).infer("{}").status == 400)
    let status = try await a.status()
    #expect(status.handedOff == 7)
    #expect(status.requests == 1)
    #expect(status.inFlight == 0)
    #expect(try await b.status().requests == 7)
    #expect(try await a.call(.serve) == .done)
    #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 1)
    #expect(try await TestClient(a.port).get("/v2/health/ready").status == 200)
    await a.stop()
    await b.stop()
  }

  @Test func passesCompressedBodiesOnAsTheyAre() async throws {
    let (a, b) = try await pair()
    try await handOff(a, to: [b.port])
    let answer = try await TestClient(a.port).send(
      "POST",
      "/v2/models/digits/infer",
      fields: ["Content-Encoding: gzip", "Accept-Encoding: deflate"],
      body: try Compressed.gzip(Array(Bodies.json(rows: 100).utf8))
    )
    #expect(answer.status == 200)
    #expect(answer.fields["content-encoding"] == "deflate")
    let text = String(decoding: try Compressed.inflate(answer.body, .deflate), as: UTF8.self)
    #expect(text.contains("\"shape\":[100,10],\"data\":[2.0,"), "\(text.prefix(200))")
    #expect(try await a.status().handedOff == 1)
    await a.stop()
    await b.stop()
  }

  @Test func keepsWhatOnlyThisMachineCanReach() async throws {
    let (a, b) = try await pair()
    let lent = try LentMemory([UInt8](repeating: 0, count: 256))
    try await handOff(a, to: [b.port])
    let body =
      #"{"inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","parameters":{"shared_memory_region":"r","shared_memory_byte_size":256}}],"outputs":[{"name":"scores"}]}"#
    let client = try TestClient(a.port)
    let register = #"{"key":"\#(lent.key)","offset":0,"byte_size":256}"#
    #expect(
      try await client.send("POST", "/v2/systemsharedmemory/region/r/register", body: Array(register.utf8)).status
        == 200
    )
    #expect(try await client.infer(body).marker == 1)
    #expect(try await client.infer(Bodies.json()).marker == 2)
    try await handOff(a, to: [b.port], refusesWhenAlone: true)
    let refused = try await TestClient(a.port).infer(body)
    #expect(refused.status == 503)
    #expect(refused.text.contains("siblings cannot reach the shared memory"))
    await a.stop()
    await b.stop()
  }

  @Test func passesBinaryTensorsOn() async throws {
    let (a, b) = try await pair()
    try await handOff(a, to: [b.port])
    let json = Array(
      #"{"inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","parameters":{"binary_data_size":256}}],"parameters":{"binary_data_output":true},"outputs":[{"name":"scores"}]}"#
        .utf8
    )
    let answer = try await TestClient(a.port).send(
      "POST",
      "/v2/models/digits/infer",
      fields: ["Inference-Header-Content-Length: \(json.count)"],
      body: json + [UInt8](repeating: 0, count: 256)
    )
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.binary.count == 40)
    #expect(Array(answer.binary.prefix(4)) == [0, 0, 0, 0x40])
    await a.stop()
    await b.stop()
  }

  @Test func asksTheNextWhenOneIsGone() async throws {
    let (a, b) = try await pair()
    let (silent, deadPort) = try Sockets.listen(isListening: false)
    defer { close(silent) }
    try await handOff(a, to: [deadPort, b.port])
    for _ in 0..<3 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 2) }
    // And when the one that is left goes too, with connections to it kept open: served here, nothing is lost.
    await b.stop()
    for _ in 0..<3 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 1) }
    #expect(try await a.status().handedOff == 3)
    await a.stop()
  }

  @Test func neverPassesARequestOnTwice() async throws {
    let (a, b) = try await pair()
    try await handOff(a, to: [b.port])
    try await handOff(b, to: [a.port])
    #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 1)
    #expect(try await TestClient(b.port).infer(Bodies.json()).marker == 2)
    let refused = try await TestClient(a.port).send(
      "POST",
      "/v2/models/digits/infer",
      fields: ["fleet-handed-off: austin-01/c"],
      body: Array(Bodies.json().utf8)
    )
    #expect(refused.status == 503)
    #expect(refused.fields["retry-after"] == "1")
    #expect(refused.json["error"] as? String == "this node drains too: 'austin-01/c' must ask another")
    await a.stop()
    await b.stop()
  }

  @Test func servesItselfWhenNobodyElseDoes() async throws {
    let engine = try await TestEngine.start()
    try await handOff(engine, to: [])
    #expect(try await TestClient(engine.port).get("/v2/health/ready").status == 400)
    #expect(try await TestClient(engine.port).infer(Bodies.json()).marker == 1)
    // But not for a sibling: that one can still do it itself.
    let passedOn = try await TestClient(engine.port).send(
      "POST",
      "/v2/models/digits/infer",
      fields: ["fleet-handed-off: austin-01/c"],
      body: Array(Bodies.json().utf8)
    )
    #expect(passedOn.status == 503)
    #expect(try await engine.status().requests == 1)
    #expect(try await engine.status().handedOff == 0)
    await engine.stop()
  }

  @Test func refusesWhenAloneIfToldSo() async throws {
    let engine = try await TestEngine.start()
    let (silent, deadPort) = try Sockets.listen(isListening: false)
    defer { close(silent) }
    let words = [
      (ports: [], text: "this node is draining and has no sibling to hand requests to"),
      (ports: [deadPort], text: "this node is draining, and none of its siblings serves 'digits' now"),
    ]
    for one in words {
      try await handOff(engine, to: one.ports, refusesWhenAlone: true)
      let refused = try await TestClient(engine.port).infer(Bodies.json())
      #expect(refused.status == 503)
      #expect(refused.fields["retry-after"] == "1")
      #expect(refused.json["error"] as? String == one.text)
    }
    #expect(try await engine.status().requests == 0)
    await engine.stop()
  }

  @Test func keepsNoMoreThanItsShareWithSiblings() async throws {
    var limits = HTTPLimits()
    limits.relays = 1
    let gate = Gate(isOpen: false)
    let a = try await TestEngine.start(limits: limits)
    let b = try await TestEngine.start(FakeEngine(gate: gate), model: "gated-2", name: "austin-01/b")
    let port = a.port
    try await handOff(a, to: [b.port])
    async let held = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1))
    try await eventually("the sibling computes") { gate.arrivals == 1 }
    #expect(try await TestClient(port).infer(Bodies.json()).marker == 1)
    try await handOff(a, to: [b.port], refusesWhenAlone: true)
    #expect(try await TestClient(port).infer(Bodies.json()).status == 503)
    gate.open()
    #expect(try await held.marker == 2)
    #expect(try await TestClient(port).infer(Bodies.json()).marker == 2)
    await a.stop()
    await b.stop()
  }

  @Test func waitsForSlowModelsAndNotForever() {
    let usual = RelayPatience(expectedTime: nil)
    #expect(usual.attempt == .seconds(5))
    #expect(usual.whole == .seconds(10))
    #expect(RelayPatience(expectedTime: .milliseconds(20)) == usual)
    #expect(RelayPatience(expectedTime: .seconds(6)).attempt == .seconds(30))
    #expect(RelayPatience(expectedTime: .hours(1)).attempt == .minutes(1))
  }

  @Test func distrustOutlivesTheSameListAgain() throws {
    let handOff = HandOff()
    let (first, second) = (try #require(SiblingAddress("a:1")), try #require(SiblingAddress("b:2")))
    try handOff.begin(siblings: ["a:1", "b:2"])
    #expect(handOff.plan?.siblings == [first, second])
    handOff.failed(first)
    try handOff.begin(siblings: ["a:1", "b:2"])
    #expect(handOff.plan?.siblings == [second, first])
    try handOff.begin(siblings: ["b:2"])
    try handOff.begin(siblings: ["a:1", "b:2"])
    #expect(handOff.plan?.siblings == [first, second])
  }

  @Test func refusesWithoutAModel() async throws {
    let empty = try await TestEngine.start(model: nil)
    let (silent, deadPort) = try Sockets.listen(isListening: false)
    defer { close(silent) }
    try await handOff(empty, to: [deadPort])
    #expect(try await TestClient(empty.port).infer(Bodies.json()).status == 503)
    try await handOff(empty, to: [])
    #expect(try await TestClient(empty.port).infer(Bodies.json()).status == 503)
    let reply = try await empty.call(.handOff(siblings: ["nonsense"]))
    #expect(reply == .failed("sibling 'nonsense': expected [NODE=]HOST:PORT"))
    await empty.stop()
  }

  @Test func losesNothingWhileItBeginsAndEnds() async throws {
    let (a, b) = try await pair()
    let port = a.port
    let answered = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var client = try TestClient(port)
          for _ in 0..<100 {
            let answer = try await client.infer(Bodies.json())
            #expect(answer.status == 200, "\(answer.text)")
            if answer.fields["connection"] == "close" { client = try TestClient(port) }
          }
          return 100
        }
      }
      for _ in 0..<10 {
        try await handOff(a, to: [b.port])
        #expect(try await a.call(.serve) == .done)
      }
      return try await group.reduce(0, +)
    }
    let (first, second) = (try await a.status(), try await b.status())
    #expect(first.requests + first.handedOff == UInt64(answered))
    #expect(second.requests == first.handedOff)
    #expect(first.inFlight == 0)
    await a.stop()
    await b.stop()
  }
}
