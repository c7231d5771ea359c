import FleetCore
import GRPCNIOTransportHTTP2
import NIOCore

/// HOST:PORT, the host a name, an IPv4 address or an IPv6 address in brackets.
struct PeerAddress: Sendable, Equatable {
  let host: String
  let port: Int

  private init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init(parsing text: String) throws(CommandError) {
    guard let (host, port) = Address.split(text) else {
      throw CommandError(.invalid, "expected an address HOST:PORT, found '\(text)'")
    }
    self.init(host: host, port: port)
  }

  /// A server may also listen at port 0, which takes a free one.
  init(listening text: String) throws(CommandError) {
    guard text.hasSuffix(":0") else {
      try self.init(parsing: text)
      return
    }
    self.init(host: try PeerAddress(parsing: text.dropLast() + "1").host, port: 0)
  }

  private enum Kind { case ipv4, ipv6, name }

  private var kind: Kind {
    switch try? NIOCore.SocketAddress(ipAddress: host, port: port) {
    case .v4: .ipv4
    case .v6: .ipv6
    default: .name
    }
  }

  var target: any ResolvableTarget {
    switch kind {
    case .ipv4: .ipv4(address: host, port: port)
    case .ipv6: .ipv6(address: host, port: port)
    case .name: .dns(host: host, port: port)
    }
  }

  /// Where a server listens must be an address of this machine, not a name of it.
  func listening() throws(CommandError) -> GRPCNIOTransportCore.SocketAddress {
    switch kind {
    case .ipv4: return .ipv4(host: host, port: port)
    case .ipv6: return .ipv6(host: host, port: port)
    case .name where host == "localhost": return .ipv4(host: "127.0.0.1", port: port)
    case .name:
      throw CommandError(
        .invalid,
        "'\(host)' is not an IP address to listen on; '0.0.0.0' is every one of this machine"
      )
    }
  }
}
