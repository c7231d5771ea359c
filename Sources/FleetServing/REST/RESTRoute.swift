import NIOHTTP1

/// What a path of the protocol's REST form asks for.
enum RESTRoute: Equatable {
  case serverLive
  case serverReady
  case serverMetadata
  case modelMetadata(String, version: String?)
  case modelReady(String, version: String?)
  case infer(String, version: String?)

  /// The one method a route takes, besides HEAD where that is GET.
  var method: HTTPMethod {
    if case .infer = self { .POST } else { .GET }
  }

  /// Nil for what is no path of the protocol. A query is ignored: no call has one.
  init?(_ uri: String) {
    let path = uri.prefix { $0 != "?" }
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if parts.last?.isEmpty == true { parts = parts.dropLast() }
    guard path.first == "/", parts.popFirst() == "v2" else { return nil }
    guard let first = parts.popFirst() else {
      self = .serverMetadata
      return
    }
    switch (first, parts.count) {
    case ("health", 1) where parts.first == "live": self = .serverLive
    case ("health", 1) where parts.first == "ready": self = .serverReady
    case ("models", 1...):
      guard let name = parts.popFirst().flatMap(Self.decoded) else { return nil }
      var version: String?
      if parts.first == "versions" {
        guard let text = parts.dropFirst().first.flatMap(Self.decoded) else { return nil }
        version = text
        parts = parts.dropFirst(2)
      }
      switch (parts.first, parts.count) {
      case (nil, 0): self = .modelMetadata(name, version: version)
      case ("ready", 1): self = .modelReady(name, version: version)
      case ("infer", 1): self = .infer(name, version: version)
      default: return nil
      }
    default: return nil
    }
  }

  /// `part` with its percent escapes resolved (RFC 3986, section 2.1); nil when it is empty or an escape is broken.
  private static func decoded(_ part: Substring) -> String? {
    guard !part.isEmpty else { return nil }
    guard part.utf8.contains(UInt8(ascii: "%")) else { return String(part) }
    var bytes: [UInt8] = []
    var rest = part.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
