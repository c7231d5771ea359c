import NIOCore
import SwiftProtobuf

/// The two messages of `grpc.health.v1`.
enum HealthMessages {
  /// Whose health is asked for; empty for the server's. Throws `.invalid`.
  static func service(_ message: ByteBuffer) throws(ServingError) -> String {
    do {
      return try Grpc_Health_V1_HealthCheckRequest(serializedBytes: Array(message.readableBytesView)).service
    } catch {
      throw ServingError(.invalid, "the message is not a \(Grpc_Health_V1_HealthCheckRequest.protoMessageName)")
    }
  }

  static func answer(_ health: GRPCHealth) -> GRPCMessage {
    GRPCMessage(
      Grpc_Health_V1_HealthCheckResponse.with { message in
        message.status =
          switch health {
          case .serving: .serving
          case .notServing: .notServing
          case .serviceUnknown: .serviceUnknown
          }
      }
    )
  }
}
