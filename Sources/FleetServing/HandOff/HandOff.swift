import FleetCore
import NIOCore
import Synchronization

/// Where requests go while this node drains.
package final class HandOff: Sendable {
  /// Marks a request that a node has passed on already, with that node's name: it is not passed on again.
  package static let headerName = "fleet-handed-off"

  /// For this long after it failed, a sibling is asked only when all others have failed too.
  private static let distrust: TimeAmount = .seconds(2)

  /// Whom to ask, in order, and whether to refuse what none of them takes.
  package struct Plan: Sendable {
    package var siblings: [SiblingAddress]
    package var refusesWhenAlone: Bool
    /// The share of the requests that this node answers itself all the same, on trial.
    package var trialShare: Double
  }

  private struct State {
    var plan: Plan?
    /// What has come of the plan's share and makes no whole request yet.
    var trialCredit = 0.0
    /// When it began.
    var since: NIODeadline?
    /// Counts the orders, to tell whether another has come.
    var orders: UInt64 = 0
    var distrustedUntil: [SiblingAddress: NIODeadline] = [:]
  }

  /// Who sends what, and who answers it, since it began.
  package let traffic = HandOffTraffic()
  private let state = Mutex(State())

  package init() {}

  /// Begins to hand requests on, or goes on with another list. What no sibling takes is answered here, unless
  /// `refusesWhenAlone`. Throws when a sibling is not HOST:PORT.
  package func begin(
    siblings: [String],
    refusesWhenAlone: Bool = false,
    trialShare: Double = 0
  ) throws(EngineError) {
    var addresses: [SiblingAddress] = []
    for text in siblings {
      guard let address = SiblingAddress(text) else {
        throw EngineError("sibling '\(text)': expected [NODE=]HOST:PORT")
      }
      addresses.append(address)
    }
    let share = trialShare.isFinite ? min(max(trialShare, 0), 1) : 0
    let plan = Plan(siblings: addresses, refusesWhenAlone: refusesWhenAlone, trialShare: share)
    // The agent says this again and again: a sibling that just failed is no better for it.
    state.withLock { state in
      if state.plan == nil { state.since = .now() }
      state.plan = plan
      state.orders += 1
      state.distrustedUntil = state.distrustedUntil.filter { plan.siblings.contains($0.key) }
    }
  }

  /// `order` is what `orders` was when the end was decided on: a hand-off that was ordered since stands.
  package func end(ifStill order: UInt64? = nil) {
    let isOver = state.withLock { state in
      guard order == nil || order == state.orders else { return false }
      state.plan = nil
      state.since = nil
      state.distrustedUntil = [:]
      return true
    }
    if isOver { traffic.forget() }
  }

  package var isOn: Bool { state.withLock { $0.plan != nil } }

  /// How often it was ordered to hand off.
  package var orders: UInt64 { state.withLock { $0.orders } }

  /// Since when requests are handed on; nil while they are not.
  var since: NIODeadline? { state.withLock { $0.since } }

  /// What to do with a request now; nil while this node serves.
  package var plan: Plan? {
    state.withLock { state in
      guard var plan = state.plan else { return nil }
      guard !state.distrustedUntil.isEmpty else { return plan }
      let now = NIODeadline.now()
      func isTrusted(_ sibling: SiblingAddress) -> Bool { state.distrustedUntil[sibling].map { $0 <= now } ?? true }
      plan.siblings = plan.siblings.filter(isTrusted) + plan.siblings.filter { !isTrusted($0) }
      return plan
    }
  }

  /// Whether this request is one of those that the node answers itself on trial: as many as the plan says, evenly among the others.
  func isOnTrial(_ plan: Plan) -> Bool {
    guard plan.trialShare > 0 else { return false }
    return state.withLock { state in
      state.trialCredit += plan.trialShare
      guard state.trialCredit >= 1 else { return false }
      state.trialCredit -= 1
      return true
    }
  }

  package func failed(_ sibling: SiblingAddress) {
    state.withLock { $0.distrustedUntil[sibling] = .now() + Self.distrust }
  }

  func worked(_ sibling: SiblingAddress) {
    _ = state.withLock { $0.distrustedUntil.removeValue(forKey: sibling) }
  }
}

/// Where a sibling answers the protocol's REST calls.
package struct SiblingAddress: Hashable, Sendable {
  /// Whose certificate has to be shown there; nil for that of any node of the store.
  let node: NodeName?
  let host: String
  let port: Int

  /// Reads `[NODE=]HOST:PORT`; an IPv6 address stands in brackets.
  package init?(_ whole: String) {
    let parts = whole.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let text = parts.last else { return nil }
    if parts.count == 2 {
      guard let name = NodeName(parts[0]) else { return nil }
      node = name
    } else {
      node = nil
    }
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

  /// As it is read.
  var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
