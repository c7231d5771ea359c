import FleetCore
import FleetTestSupport
import FleetWire
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

  private final class Servers {
    var all: [AgentServer] = []
  }
}
