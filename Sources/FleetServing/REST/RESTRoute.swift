import NIOCore
import NIOHTTP1

/// A path of the protocol's REST form, and who answers it. `RESTRoute.all` is the table of them: a new call is a new row there.
struct RESTRoute: Sendable {
  typealias Handler = @Sendable (RESTFrontEnd, RESTCall) throws(ServingError) -> Eventual<HTTPResponse>

  private enum Part: Sendable {
    case literal(String)
    case model
    case version
    case region
    /// Whatever follows, if anything does.
    case rest
  }

  /// HEAD comes with GET; nil for any.
  let method: HTTPMethod?
  let respond: Handler
  private let parts: [Part]

  /// `pattern` is what follows `/v2/`; its parts `MODEL`, `VERSION` and `REGION` stand for names, a last `*` for anything.
  init(_ method: HTTPMethod?, _ pattern: String, _ respond: @escaping Handler) {
    self.method = method
    self.respond = respond
    parts = pattern.split(separator: "/").map { part in
      switch part {
      case "MODEL": .model
      case "VERSION": .version
      case "REGION": .region
      case "*": .rest
      default: .literal(String(part))
      }
    }
  }

  /// The names in `path`; nil when it is not this route's.
  func match(_ path: ArraySlice<Substring>) -> RESTNames? {
    let end: Int
    if case .rest? = parts.last {
      guard path.count >= parts.count - 1 else { return nil }
      end = parts.count - 1
    } else {
      guard path.count == parts.count else { return nil }
      end = parts.count
    }
    // Names are looked at last: nearly all paths differ from a route in its words.
    for index in 0..<end {
      if case .literal(let text) = parts[index], path[path.startIndex + index] != text { return nil }
    }
    var names = RESTNames()
    for index in 0..<end {
      if case .literal = parts[index] { continue }
      guard let name = Self.decoded(path[path.startIndex + index]) else { return nil }
      switch parts[index] {
      case .model: names.model = name
      case .version: names.version = name
      case .region: names.region = name
      case .literal, .rest: break
      }
    }
    return names
  }

  /// The parts of `uri` after `/v2/`; nil when it is elsewhere. A query is ignored: no call has one.
  static func path(of uri: String) -> ArraySlice<Substring>? {
    let bytes = uri.utf8
    var parts: [Substring] = []
    parts.reserveCapacity(8)
    var start = bytes.startIndex
    var index = start
    while index < bytes.endIndex, bytes[index] != UInt8(ascii: "?") {
      let next = bytes.index(after: index)
      if bytes[index] == UInt8(ascii: "/") {
        parts.append(uri[start..<index])
        start = next
      }
      index = next
    }
    parts.append(uri[start..<index])
    if parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
    guard parts.count > 1, parts[0].isEmpty, parts[1] == "v2" else { return nil }
    return parts[2...]
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

/// What the path of a call names.
struct RESTNames: Sendable {
  var model = ""
  var version: String?
  var region: String?
}

/// A request with the names in its path.
struct RESTCall: Sendable {
  let request: HTTPRequest
  let names: RESTNames
  let loop: any EventLoop

  var model: String { names.model }
  var version: String? { names.version }
  var region: String? { names.region }
}
