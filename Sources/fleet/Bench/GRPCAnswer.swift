import NIOCore
import NIOHPACK

/// What has come of one call's answer.
struct GRPCAnswer {
  private(set) var httpStatus: String?
  private(set) var status: Int?
  private(set) var message = ""
  /// The message with its prefix.
  var body = ByteBuffer()

  mutating func read(_ headers: HPACKHeaders) {
    for (name, value, _) in headers {
      switch name {
      case ":status": httpStatus = value
      case "grpc-status": status = Int(value)
      case "grpc-message": message = value
      default: break
      }
    }
  }

  var outcome: CallOutcome {
    switch status {
    case 0: .answered
    // RESOURCE_EXHAUSTED and UNAVAILABLE (grpc/doc/statuscodes.md).
    case 8, 14: .refused("status \(status ?? 0) \(message)")
    case .some(let status): .failed("status \(status) \(message)")
    case nil: .failed("no grpc-status; HTTP status \(httpStatus ?? "unknown")")
    }
  }
}
