import FleetCore
import FleetWire
import Foundation
import Testing

@testable import FleetServing

/// A drained node that answers a share of its requests, to show how it does.
@Suite struct TrialTests {
  @Test func answersItsShareAndNoMore() async throws {
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    try await a.takeOnTrial(share: 0.25, with: [b.port])
    // It is not back: whoever asks is told to go elsewhere.
    #expect(try await TestClient(a.port).get("/v2/health/ready").status == 400)
    var markers: [Double] = []
    for _ in 0..<20 { markers.append(try await TestClient(a.port).infer(Bodies.json()).marker ?? 0) }
    #expect(markers.count { $0 == 1 } == 5 && markers.count { $0 == 2 } == 15)
    #expect(markers.firstIndex(of: 1) == 3, "evenly among the others: \(markers)")
    let status = try await a.status()
    #expect(status.requests == 5 && status.handedOff == 15)
    try await a.takeOnTrial(share: 0.5, with: [b.port])
    for _ in 0..<10 { _ = try await TestClient(a.port).infer(Bodies.json()) }
    #expect(try await a.status().requests == 10)
    // Over: as every drained node.
    try await a.takeOnTrial(share: 0, with: [b.port])
    for _ in 0..<5 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 2) }
    await a.stop()
    await b.stop()
  }

  @Test(arguments: ["errors=100%", nil])
  func aSiblingAnswersWhatItFailsAt(fault: String?) async throws {
    // With a fault in between, or without the model.
    let a = try await TestEngine.start(model: fault == nil ? nil : "marker-1", fault: fault)
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    try await a.takeOnTrial(share: 1, with: [b.port])
    for _ in 0..<8 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 2) }
    #expect(try await b.status().requests == 8)
    if fault != nil {
      let status = try await a.status()
      #expect(status.requests == 8 && status.errors == 8 && status.inFlight == 0, "what it failed at is what counts")
    }
    await a.stop()
    await b.stop()
  }

  @Test func whatIsWrongWithARequestIsNoFailureOfTheNode() async throws {
    let a = try await TestEngine.start()
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b")
    try await a.takeOnTrial(share: 1, with: [b.port])
    #expect(try await TestClient(a.port).infer("{}").status == 400)
    #expect(try await b.status().requests == 0)
    await a.stop()
    await b.stop()
  }

  @Test func withoutASiblingItAnswersAll() async throws {
    let a = try await TestEngine.start()
    try await a.takeOnTrial(share: 0.5, with: [])
    for _ in 0..<4 { #expect(try await TestClient(a.port).infer(Bodies.json()).marker == 1) }
    await a.stop()
  }
}
