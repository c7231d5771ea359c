import FleetCore
import FleetTestSupport
import Foundation
import SwiftProtobuf
import Synchronization
import Testing

@testable import FleetWire

@Suite struct ClaimTests {
  private static let sibling = NodeName(store: "austin-01", node: "b")

  /// An agent that only makes promises, and notes to whom.
  private final class Promiser: NodeAgent {
    let name = TestFleet.austin
    let reply: ClaimReply
    private let held = Mutex<[String]>([])
    private let heard = Mutex<[(NodeName, ClaimRequest)]>([])

    init(_ reply: ClaimReply) { self.reply = reply }

    var calls: [(caller: NodeName, request: ClaimRequest)] { heard.withLock { $0 } }

    func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
      heard.withLock { $0.append((caller, request)) }
      return reply
    }

    var holds: [String] { held.withLock { $0 } }

    func holdAutoDrain(because reason: String) async throws(CommandError) {
      held.withLock { $0.append(reason) }
      guard reason != "no" else { throw CommandError(.refused, "\(name) is not about to drain itself") }
    }

    func describe() async throws(CommandError) -> NodeDescription { throw CommandError(.failed, "not here") }
    func execute(_ command: Command) async throws(CommandError) -> Outcome { throw CommandError(.failed, "not here") }
    func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
      AsyncThrowingStream { $0.finish() }
    }
  }

  private func request(_ random: inout SeededRandom) -> ClaimRequest {
    ClaimRequest(
      kind: ClaimRequest.Kind.allCases.randomElement(using: &random) ?? .ask,
      number: UInt64.random(in: 0...1 << 53, using: &random),
      intent: Claim.Intent(orderedBy: random.text(), isForced: random.chance(0.5), isAutomatic: random.chance(0.5)),
      needs: (0..<Int.random(in: 0...4, using: &random)).map { _ in
        ModelNeed(
          model: random.nodeName().node,
          perSecond: random.chance(0.5) ? Double.random(in: 0...1e6, using: &random) : nil
        )
      },
      health: Health.allCases.randomElement(using: &random) ?? .healthy
    )
  }

  private func reply(_ random: inout SeededRandom) -> ClaimReply {
    let answers: [ClaimReply.Answer] = [
      .open, .closed,
      .refused(ClaimRefusal(ClaimRefusal.Cause.allCases.randomElement(using: &random) ?? .away, random.text())),
      .promised((0..<Int.random(in: 0...4, using: &random)).map { ModelSpare(model: "m\($0)", perSecond: -3.5) }),
      .promised([ModelSpare(model: "m")]),
    ]
    return ClaimReply(
      number: UInt64.random(in: 0...1 << 53, using: &random),
      answer: answers.randomElement(using: &random) ?? .open
    )
  }

  @Test func `Each claim and its answer come back as they were sent`() throws {
    var random = SeededRandom()
    for _ in 0..<300 {
      let request = request(&random)
      let bytes: [UInt8] = try Fleet_V1_ClaimRequest(request).serializedBytes()
      #expect(try ClaimRequest(wire: Fleet_V1_ClaimRequest(serializedBytes: bytes)) == request, "\(random)")
      let reply = reply(&random)
      let answer: [UInt8] = try Fleet_V1_ClaimReply(reply).serializedBytes()
      #expect(try ClaimReply(wire: Fleet_V1_ClaimReply(serializedBytes: answer)) == reply, "\(random)")
    }
  }

  @Test func `A cause of a later release is a refusal all the same`() throws {
    var wire = Fleet_V1_ClaimReply()
    wire.answer = .refused
    wire.cause = "full_moon"
    wire.text = "howls"
    #expect(try ClaimReply(wire: wire).answer == .refused(ClaimRefusal(.failed, "howls")))
  }

  @Test func `A sibling is known by its certificate`() async throws {
    let fleet = try TestFleet()
    var random = SeededRandom()
    let (request, reply) = (request(&random), reply(&random))
    let promiser = Promiser(reply)
    let credentials = try fleet.node(Self.sibling)
    try await withServer(of: promiser, fleet.node()) { address in
      let remote = try RemoteAgent(name: TestFleet.austin, address: address, credentials: credentials)
      defer { remote.close() }
      // Whoever it says it is.
      #expect(try await remote.answer(request, from: TestFleet.denver) == reply)
    }
    #expect(promiser.calls.map(\.caller) == [Self.sibling] && promiser.calls.map(\.request) == [request])
  }

  @Test func `An operator's console may have it stay, and a sibling may not`() async throws {
    let fleet = try TestFleet()
    let promiser = Promiser(ClaimReply(number: 1, answer: .closed))
    try await withServer(of: promiser, fleet.node()) { address in
      let remote = try RemoteAgent(name: TestFleet.austin, address: address, credentials: fleet.operator())
      defer { remote.close() }
      try await remote.holdAutoDrain(because: "10 of 200 have")
      // Whoever is not about to go says so.
      await #expect(throws: CommandError(.refused, "austin-01/a is not about to drain itself")) {
        try await remote.holdAutoDrain(because: "no")
      }
      let sibling = try RemoteAgent(name: TestFleet.austin, address: address, credentials: fleet.node(Self.sibling))
      defer { sibling.close() }
      do throws(CommandError) {
        try await sibling.holdAutoDrain(because: "10 of 200 have")
        Issue.record("a sibling may not")
      } catch {
        #expect(error.code == .denied)
      }
    }
    #expect(promiser.holds == ["10 of 200 have", "no"])
  }

  @Test func `Promises are for nodes of the same store alone`() async throws {
    let fleet = try TestFleet()
    let promiser = Promiser(ClaimReply(number: 1, answer: .closed))
    let refusals = [
      "austin-01/a makes promises to nodes of austin-01 alone, and the caller is denver-02/b",
      "austin-01/a makes promises to nodes of austin-01 alone",
    ]
    let callers = [try fleet.node(TestFleet.denver), try fleet.operator()]
    try await withServer(of: promiser, fleet.node()) { address in
      for (caller, refusal) in zip(callers, refusals) {
        let remote = try RemoteAgent(name: TestFleet.austin, address: address, credentials: caller)
        defer { remote.close() }
        await #expect(throws: CommandError(.denied, refusal)) {
          try await remote.answer(ClaimRequest(kind: .ask, number: 1), from: TestFleet.austin)
        }
      }
    }
    #expect(promiser.calls.isEmpty)
  }
}
