/// `HOST:PORT` as people write it.
package enum Address {
  package static func isValid(_ text: String) -> Bool { split(text) != nil }

  /// Host (without brackets) and port 1 to 65535, without sign or leading zeros; nil when it is anything else.
  package static func split(_ text: String) -> (host: String, port: Int)? {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65535).contains(port), text[colon...] == ":\(port)"
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":"), host.allSatisfy({ $0.isASCII && $0.isHexDigit || $0 == ":" || $0 == "." }) else {
        return nil
      }
    } else {
      guard !host.contains(":"),
        host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") })
      else { return nil }
    }
    return host.isEmpty ? nil : (String(host), port)
  }
}
