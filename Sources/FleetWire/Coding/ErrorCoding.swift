import FleetCore
import GRPCCore

/// How a `CommandError` crosses gRPC: the status that fits best for any client, and in the trailing metadata the exact
/// code for ours.
enum ErrorCoding {
  private static let key = "fleet-error"
  /// HTTP/2 peers refuse header lists over 16 KiB, and a message may triple when it is percent-encoded.
  private static let maximumMessageBytes = 4000

  static func status(_ error: CommandError) -> RPCError {
    RPCError(
      code: code(error.code),
      message: WireValue.shortened(error.message, toBytes: maximumMessageBytes),
      metadata: [key: .string(error.code.rawValue)]
    )
  }

  /// Nil when the error did not come from a node's agent but from the way to it.
  static func commandError(_ error: RPCError) -> CommandError? {
    guard let text = error.metadata[stringValues: key].first(where: { _ in true }) else { return nil }
    let message = WireValue.printable(error.message, keepingNewlines: true)
    return CommandError(CommandError.Code(rawValue: text) ?? .failed, message)
  }

  private static func code(_ code: CommandError.Code) -> RPCError.Code {
    switch code {
    case .invalid: .invalidArgument
    case .notFound: .notFound
    case .conflict: .aborted
    case .corrupt: .dataLoss
    case .noSpace: .resourceExhausted
    case .unusable, .refused: .failedPrecondition
    case .denied: .permissionDenied
    case .unreachable: .unavailable
    case .timeout: .deadlineExceeded
    case .failed: .internalError
    }
  }
}
