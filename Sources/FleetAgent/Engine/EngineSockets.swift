/// The sockets on which an engine answers its clients. The agent keeps them open from one engine to the next.
package struct EngineSockets: Sendable {
  package let http: ListeningSocket
  /// Nil when gRPC is not wanted.
  package let grpc: ListeningSocket?

  static func binding(_ configuration: AgentConfiguration) async throws -> EngineSockets {
    EngineSockets(
      http: try await ListeningSocket.binding(configuration.http),
      grpc: try await ListeningSocket.binding(configuration.grpc, of: .grpc)
    )
  }
}
