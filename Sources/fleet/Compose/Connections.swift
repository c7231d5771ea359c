import FleetConsole
import FleetCore
import FleetWire

/// Paths of what a caller shows: the authority it trusts, its certificate and its key.
struct CredentialFiles: Sendable {
  var authority: String
  var certificate: String
  var key: String
}

/// Connections to nodes for as long as a command runs.
enum Connections {
  /// Calls `body` with an agent for each node; nothing is dialled before it is asked something.
  static func with<Value>(
    _ nodes: [FleetDefinition.Node],
    credentials files: CredentialFiles,
    fleet: FleetDefinition,
    _ body: ([any NodeAgent]) async throws -> Value
  ) async throws -> Value {
    let credentials = try Credentials(
      authorityFile: files.authority,
      certificateFile: files.certificate,
      keyFile: files.key
    )
    let agents = try nodes.map { try RemoteAgent(name: $0.name, address: $0.address, credentials: credentials) }
    defer { for agent in agents { agent.close() } }
    return try await body(agents)
  }

  static func with<Value>(
    _ nodes: [FleetDefinition.Node],
    options: FleetOptions,
    fleet: FleetDefinition,
    _ body: ([any NodeAgent]) async throws -> Value
  ) async throws -> Value {
    try await with(nodes, credentials: try options.credentialFiles(), fleet: fleet, body)
  }
}
