import FleetCore
import NIOCore

/// For which model a request is and what its client calls it, as far as its bytes tell.
package struct RequestLabel: Sendable, Equatable {
  /// How much of a request is searched for its id while a report waits, and while clients do.
  static let longestSearch = 256 << 10
  static let shortestSearch = 4 << 10

  /// Empty when it is not known.
  package var model: String
  package var id: String?

  package init(model: String = "", id: String? = nil) {
    self.model = model
    self.id = id
  }

  /// As it is told of. Requests without an id of their client get one of ours.
  func flight(from client: String, began: NIODeadline, now: NIODeadline) -> FlightInfo {
    let own = "#" + String(began.uptimeNanoseconds, radix: 36)
    return FlightInfo(
      id: id.flatMap { $0.isEmpty ? nil : String($0.prefix(FlightInfo.longestID)) } ?? own,
      model: String(model.prefix(FlightInfo.longestID)),
      client: client,
      seconds: Double(max(0, (now - began).nanoseconds)) / 1e9
    )
  }
}

extension FlightInfo {
  /// Clients write what they like.
  fileprivate static let longestID = 128
}

extension SocketAddress {
  /// The host without the port, or what is known instead.
  var host: String { ipAddress ?? pathname ?? "unknown" }

  /// HOST:PORT.
  var hostAndPort: String {
    guard let port else { return host }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
