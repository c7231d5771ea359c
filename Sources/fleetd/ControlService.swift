import FleetAgent
import FleetWire
import ServiceLifecycle

/// The control API as a service: ends its watchers' streams first, so that it need not wait for them.
struct ControlService: Service {
  private let agent: LocalAgent
  private let server: AgentServer

  init(_ agent: LocalAgent, at address: String, _ credentials: Credentials) throws {
    self.agent = agent
    server = try AgentServer(agent: agent, address: address, credentials: credentials)
  }

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      agent.endFrames()
      server.shutdown()
    }
  }
}
