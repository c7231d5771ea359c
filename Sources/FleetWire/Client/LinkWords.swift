import FleetCore
import FoundationEssentials
import GRPCCore
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// What went wrong between us and a node, in words for an operator: what, which node, what to do.
struct LinkWords: Sendable {
  let node: NodeName
  let address: String
  let credentials: Credentials

  private var server: String { "\(node) at \(address)" }

  /// What a failed call means. Errors of the node's own pass as they are.
  func commandError(_ error: any Error, calling method: String, deadline: Duration?, trouble: CommandError?)
    -> CommandError
  {
    if let error = error as? CommandError { return error }
    guard let error = error as? RPCError else {
      if Task.isCancelled { return cancelled(method) }
      if error is RuntimeError {
        return CommandError(.failed, "'\(method)' of \(server): the connection was closed here")
      }
      return CommandError(.failed, "'\(method)' of \(server) failed: \(error)")
    }
    if let error = ErrorCoding.commandError(error) { return error }
    if Task.isCancelled { return cancelled(method) }
    switch error.code {
    case .deadlineExceeded:
      if let trouble { return trouble }
      return noAnswer(method, deadline)
    case .unimplemented:
      return CommandError(
        .failed,
        "\(server) does not know '\(method)': its fleetd is older than this fleet; update it"
      )
    case .unavailable, .cancelled:
      return trouble ?? unreachable(because: error.cause)
    case .resourceExhausted:
      return CommandError(.invalid, "\(server) refused '\(method)': too many bytes in one message")
    default:
      return CommandError(.failed, "'\(method)' of \(server) failed: \(error.message)")
    }
  }

  private func cancelled(_ method: String) -> CommandError {
    CommandError(.failed, "'\(method)' of \(server) was given up before it was answered")
  }

  private func noAnswer(_ method: String, _ deadline: Duration?) -> CommandError {
    let within = deadline.map { " within \(Quantity.text($0))" } ?? " in time"
    return CommandError(
      .timeout,
      "\(server) did not answer '\(method)'\(within); it may be stopped, overloaded or cut off: look at its agent"
    )
  }

  func silentWatch(_ silence: Duration) -> CommandError {
    CommandError(.unreachable, "\(server) has sent nothing for \(Quantity.text(silence)); its agent may be stopped")
  }

  /// Nothing came within `deadline` of dialling.
  func silence(of deadline: Duration, isConnected: Bool) -> CommandError {
    let within = Quantity.text(deadline)
    let what =
      isConnected
      ? "accepts connections but said nothing within \(within); its agent may be stopped"
      : "cannot be reached within \(within); check the line to the store and the address in fleet.yaml"
    return CommandError(.unreachable, "\(server) \(what)")
  }

  func unreadable(_ what: String, because problem: CommandError) -> CommandError {
    CommandError(
      .failed,
      "\(server) sent \(what) that cannot be read (\(problem.message)); are its fleetd and this fleet of far-apart releases?"
    )
  }

  private func unreachable(because cause: (any Error)?) -> CommandError {
    guard let errorNumber = Self.errorNumber(cause) else {
      if let cause = cause as? RPCError, cause.message.hasPrefix("Couldn't resolve address") {
        return CommandError(.unreachable, "\(server): no such host; check the address in fleet.yaml")
      }
      return CommandError(.unreachable, "\(server) closed the connection; its agent may be restarting")
    }
    switch errorNumber {
    case ECONNREFUSED:
      return CommandError(
        .unreachable,
        "\(server) refuses connections: no agent listens there; start fleetd or check the address in fleet.yaml"
      )
    case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN:
      return CommandError(.unreachable, "\(server) cannot be reached from here; check the line to the store")
    default:
      return CommandError(
        .unreachable,
        "\(server) cannot be reached: \(IOError(errnoCode: errorNumber, reason: "connect"))"
      )
    }
  }

  private static func errorNumber(_ cause: (any Error)?) -> CInt? {
    switch cause {
    case let error as IOError: error.errnoCode
    case let error as RPCError: errorNumber(error.cause)
    case let error as NIOConnectionError:
      error.connectionErrors.lazy.compactMap { errorNumber($0.error) }.first
    case let error as ChannelError:
      if case .connectTimeout = error { ETIMEDOUT } else { nil }
    default: nil
    }
  }

  /// What an error inside a connection means; nil when it adds nothing to what is known already.
  ///
  /// The server's reasons come as TLS alerts (RFC 8446, section 6.2), which BoringSSL names in its errors.
  func failedConnection(_ error: any Error) -> CommandError? {
    let text = "\(error)"
    guard text.contains("SSL") else { return nil }
    let ours = "our certificate, that of \(credentials.name),"
    if text.contains("ALERT_UNKNOWN_CA") || text.contains("ALERT_BAD_CERTIFICATE")
      || text.contains("ALERT_DECRYPT_ERROR")
    {
      return CommandError(
        .denied,
        "\(server) does not accept \(ours) because another authority issued it; use one of the node's own fleet"
      )
    }
    if text.contains("ALERT_CERTIFICATE_EXPIRED") {
      let why =
        credentials.expires < Date()
        ? "it expired on \(ServerIdentityCheck.day(credentials.expires)); issue another one with 'fleet ca issue'"
        : "it has expired by the node's clock; set that clock"
      return CommandError(.denied, "\(server) does not accept \(ours) because \(why)")
    }
    if text.contains("ALERT_CERTIFICATE_REQUIRED") {
      return CommandError(.denied, "\(server) answers only callers with a certificate of its fleet")
    }
    if text.contains("ALERT_") {
      return CommandError(.denied, "\(server) does not accept \(ours): \(Self.alert(in: text))")
    }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") || text.contains("UNEXPECTED_MESSAGE") {
      return CommandError(
        .unreachable,
        "what answers for \(server) does not speak TLS, so it is no fleetd; check the address in fleet.yaml"
      )
    }
    return nil
  }

  private static func alert(in text: String) -> String {
    guard let start = text.firstRange(of: "ALERT_") else { return text }
    let name = text[start.upperBound...].prefix { $0.isLetter || $0 == "_" }
    return name.replacing("_", with: " ").lowercased()
  }
}
