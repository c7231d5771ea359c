import FleetCore
import FleetTestSupport
import FleetWire
import Testing

/// Servers that are cut off or cancelled while calls come in: their callers see it at once, and the process lives on.
@Suite struct CutTests {
  @Test func `A cut ends watchers at once, and the same address serves again`() async throws {
    let fleet = try TestFleet()
    let agent = SimulatedAgent(name: TestFleet.austin)
    let first = try AgentServer(agent: agent, address: "127.0.0.1:0", credentials: fleet.node())
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await first.run() }
      let address = try await first.boundAddress
      let remote = try RemoteAgent(name: TestFleet.austin, address: address, credentials: fleet.operator())
      let error = try await within(.seconds(3), "noticing the cut") { () -> CommandError? in
        do {
          for try await _ in remote.frames(FrameRequest(interval: .milliseconds(100))) { first.cut() }
          return nil
        } catch {
          return error as? CommandError
        }
      }
      #expect(error?.code == .unreachable, "\(String(describing: error))")
      try await group.waitForAll()
      await expectError(.unreachable, of: remote, .undrain(orderedBy: "ops"))
      let second = try AgentServer(agent: agent, address: address, credentials: fleet.node())
      group.addTask { try await second.run() }
      try await eventually("it answers again") { try? await remote.describe() }
      remote.close()
      second.shutdown()
      try await group.waitForAll()
    }
  }

  @Test func `Servers that are cancelled under load end and take nothing with them`() async throws {
    let fleet = try TestFleet()
    let agent = SimulatedAgent(name: TestFleet.austin)
    for _ in 0..<8 {
      let server = try AgentServer(agent: agent, address: "127.0.0.1:0", credentials: fleet.node())
      let serving = Task { try await server.run() }
      let address = try await server.boundAddress
      let remotes = try (0..<4).map { _ in
        try RemoteAgent(name: TestFleet.austin, address: address, credentials: fleet.operator())
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for remote in remotes {
          _ = try await remote.describe()
          group.addTask { while (try? await remote.describe()) != nil {} }
        }
        serving.cancel()
        try await within(.seconds(10), "ending") { try await serving.value }
        try await group.waitForAll()
      }
      for remote in remotes { remote.close() }
    }
  }
}
