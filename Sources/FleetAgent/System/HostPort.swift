/// `HOST:PORT`, `[::1]:8000` for IPv6.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Nil unless there is a host and a port of 0 to 65535.
  package init?(_ text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
    self.init(host: host, port: port)
  }

  /// The same host, `offset` ports further; any free port when ours is any, and nil past the last.
  package func following(_ offset: UInt16) -> HostPort? {
    if port == 0 { return self }
    let (next, overflow) = port.addingReportingOverflow(offset)
    return overflow ? nil : HostPort(host: host, port: next)
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
