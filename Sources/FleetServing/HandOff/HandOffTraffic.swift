package import FleetWire
package import NIOCore
import Synchronization

/// Counts who sends requests to a node that hands them on, and who answers them.
package final class HandOffTraffic: Sendable {
  private struct Sender {
    var requests: UInt64 = 0
    var last = NIODeadline.now()
  }

  private struct State {
    var clients: [String: Sender] = [:]
    var siblings: [SiblingAddress: UInt64] = [:]
  }

  /// Of more, those that have been silent for longest are forgotten.
  package static let maximumClients = 256

  private let state = Mutex(State())

  package init() {}

  /// A request that no other node had passed on.
  package func came(from client: SocketAddress?) {
    let host = client?.host ?? "unknown"
    state.withLock { state in
      if state.clients[host] == nil, state.clients.count >= Self.maximumClients,
        let silent = state.clients.min(by: { $0.value.last < $1.value.last })?.key
      {
        state.clients[silent] = nil
      }
      state.clients[host, default: Sender()].requests += 1
      state.clients[host]?.last = .now()
    }
  }

  func answered(by sibling: SiblingAddress) {
    state.withLock { $0.siblings[sibling, default: 0] += 1 }
  }

  func forget() {
    state.withLock { $0 = State() }
  }

  package var current: EngineHandOff {
    let state = state.withLock { $0 }
    return EngineHandOff(
      clients: state.clients.map { EngineHandOff.Count(address: $0.key, requests: $0.value.requests) }
        .sorted { $0.address < $1.address },
      siblings: state.siblings.map { EngineHandOff.Count(address: $0.key.text, requests: $0.value) }
        .sorted { $0.address < $1.address }
    )
  }
}
