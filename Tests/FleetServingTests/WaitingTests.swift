import FleetCore
import FleetServing
import FleetWire
import Foundation
import Testing

/// An engine that was started anew, before its agent has given it what to load.
@Suite struct WaitingTests {
  @Test func clientWaitsForItsModelInsteadOfBeingTurnedAway() async throws {
    let (listener, port) = try Sockets.listen()
    let (ours, theirs) = try Sockets.pair()
    let options = EngineOptions(
      nodeName: NodeName(store: "s", node: "a"),
      controlDescriptor: theirs,
      httpDescriptor: listener,
      waitsToServe: true
    )
    let engine = TestEngine(
      engine: try await Engine.start(options) { FakeEngine() },
      port: port,
      agent: ours
    )
    async let early = Sockets.blocking { try TestClient(port) }.infer(Bodies.json(first: 1))
    try await engine.activate("marker-1", version: 1)
    #expect(engine.openConnections == 0, "nobody is let in before the word")
    #expect(try await engine.call(.serve) == .done)
    let answer = try await early
    #expect(answer.status == 200)
    await engine.stop()
  }
}
