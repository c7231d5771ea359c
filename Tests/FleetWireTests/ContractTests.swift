import FleetCore
import FleetTestSupport
import FleetWire
import Foundation
import Testing

/// The same promises, kept by the twin in memory and by the same twin behind real TLS on loopback.
@Suite struct ContractTests {
  @Test func `The twin in memory keeps the contract`() async throws {
    try await verifyNodeAgentContract { siblings in
      SimulatedAgent(name: TestFleet.austin, siblings: siblings)
    }
  }

  @Test func `The same agent over the wire keeps the contract`() async throws {
    let fleet = try TestFleet()
    let servers = Servers()
    try await withThrowingTaskGroup(of: Void.self) { group in
      try await verifyNodeAgentContract { siblings in
        let agent = SimulatedAgent(name: TestFleet.austin, siblings: siblings)
        let server = try AgentServer(agent: agent, address: "127.0.0.1:0", credentials: fleet.node())
        group.addTask { try await server.run() }
        servers.all.append(server)
        return try RemoteAgent(
          name: TestFleet.austin,
          address: try await server.boundAddress,
          credentials: fleet.operator()
        )
      }
      for server in servers.all { server.shutdown() }
      try await group.waitForAll()
    }
  }

  @Test func `A description says what must be signed and when its certificate ends`() async throws {
    let fleet = try TestFleet()
    let node = try fleet.node(validity: 86_400)
    let caller = try fleet.operator()
    try await withServer(of: Strict(twin: SimulatedAgent(name: TestFleet.austin)), node) { address in
      let remote = try RemoteAgent(name: TestFleet.austin, address: address, credentials: caller)
      defer { remote.close() }
      let description = try await remote.describe()
      #expect(description.isSignatureRequired)
      let expires = try #require(description.certificateExpires)
      #expect(abs(expires.timeIntervalSince(node.expires)) < 0.001, "\(expires), not \(node.expires)")
      #expect(expires > Date() && expires < Date().addingTimeInterval(86_401))
    }
  }

  /// A node that takes only signed versions.
  private struct Strict: NodeAgent {
    let twin: SimulatedAgent
    var name: NodeName { twin.name }

    func describe() async throws(CommandError) -> NodeDescription {
      var description = try await twin.describe()
      description.isSignatureRequired = true
      return description
    }

    func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { twin.frames(request) }

    func execute(_ command: Command) async throws(CommandError) -> Outcome { try await twin.execute(command) }
  }

  private final class Servers {
    var all: [AgentServer] = []
  }
}
