package import FleetCore

/// How fast bytes may go to one node, over the line of one store, and to the fleet as a whole. Nil for as fast as they can.
package struct TransferLimits: Sendable, Equatable {
  package var node: ByteRate?
  package var store: ByteRate?
  package var fleet: ByteRate?

  package init(node: ByteRate? = nil, store: ByteRate? = nil, fleet: ByteRate? = nil) {
    self.node = node
    self.store = store
    self.fleet = fleet
  }

  package var isUnlimited: Bool { node == nil && store == nil && fleet == nil }

  /// The least of them: no node gets more.
  package var tightest: ByteRate? {
    [node, store, fleet].compactMap(\.self).min { $0.bytesPerSecond < $1.bytesPerSecond }
  }
}

/// Keeps all three at once, with a bucket for each node and store that something was sent to.
package struct TransferCap: Sendable, Equatable {
  package let limits: TransferLimits
  private var nodes: [NodeName: TokenBucket] = [:]
  private var stores: [String: TokenBucket] = [:]
  private var fleet: TokenBucket?

  package init(_ limits: TransferLimits) {
    self.limits = limits
  }

  /// Takes `bytes` for a node from all that it shares in; how long to wait before they are sent.
  package mutating func take(_ bytes: Int, for node: NodeName, at now: Duration) -> Duration {
    var wait = Duration.zero
    func pay(_ rate: ByteRate?, _ bucket: inout TokenBucket?) {
      guard let rate else { return }
      var filled = bucket ?? TokenBucket(rate, at: now)
      wait = max(wait, filled.take(bytes, at: now))
      bucket = filled
    }
    pay(limits.node, &nodes[node])
    pay(limits.store, &stores[node.store])
    pay(limits.fleet, &fleet)
    return wait
  }

  /// A piece that is not on the line for long at the rate allowed, so that the flow is even and a stop is quick.
  package func pieceBytes(atMost most: Int) -> Int {
    guard let rate = limits.tightest else { return most }
    return min(most, max(16 * 1024, Int(rate.bytesPerSecond / 8)))
  }
}
