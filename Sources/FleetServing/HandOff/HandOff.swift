import NIOCore
import Synchronization

/// Where requests go while this node drains.
package final class HandOff: Sendable {
  /// Marks a request that a node has passed on already, with that node's name: it is not passed on again.
  package static let headerName = "fleet-handed-off"

  /// For this long after it failed, a sibling is asked only when all others have failed too.
  private static let distrust: TimeAmount = .seconds(2)

  private struct State {
    var siblings: [SiblingAddress]?
    var distrustedUntil: [SiblingAddress: NIODeadline] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// Begins to hand requests on; to nobody when `siblings` is empty. Throws when one is not HOST:PORT.
  package func begin(siblings: [String]) throws(EngineError) {
    var addresses: [SiblingAddress] = []
    for text in siblings {
      guard let address = SiblingAddress(text) else { throw EngineError("sibling '\(text)': expected HOST:PORT") }
      addresses.append(address)
    }
    state.withLock { $0 = State(siblings: addresses) }
  }

  package func end() {
    state.withLock { $0 = State() }
  }

  package var isOn: Bool { state.withLock { $0.siblings != nil } }

  /// Siblings in the order to ask them; nil while this node serves.
  var siblings: [SiblingAddress]? {
    let now = NIODeadline.now()
    return state.withLock { state in
      guard let siblings = state.siblings else { return nil }
      guard !state.distrustedUntil.isEmpty else { return siblings }
      func isTrusted(_ sibling: SiblingAddress) -> Bool { state.distrustedUntil[sibling].map { $0 <= now } ?? true }
      return siblings.filter(isTrusted) + siblings.filter { !isTrusted($0) }
    }
  }

  func failed(_ sibling: SiblingAddress) {
    state.withLock { $0.distrustedUntil[sibling] = .now() + Self.distrust }
  }

  func worked(_ sibling: SiblingAddress) {
    _ = state.withLock { $0.distrustedUntil.removeValue(forKey: sibling) }
  }
}

/// Where a sibling answers the protocol's REST calls.
struct SiblingAddress: Hashable, Sendable {
  let host: String
  let port: Int

  /// Reads HOST:PORT; an IPv6 address stands in brackets.
  init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), 1...65535 ~= port
    else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.host = String(host)
    self.port = port
  }
}
