import NIOCore
import Synchronization

/// Which connections are open, and how much they hold together.
package final class ConnectionCensus: Sendable {
  /// Tells a connection to finish what it has begun and close.
  struct Stop: Sendable {}

  private struct Connection {
    let channel: any Channel
    let carrier: NIOLoopBound<any FlightCarrier>
  }

  private let connections = Mutex<[ObjectIdentifier: Connection]>([:])

  private let body = Atomic(0)
  let decompressedBytes: Int
  private let totalBodyBytes: Int

  package init(limits: HTTPLimits = HTTPLimits()) {
    decompressedBytes = limits.decompressedBytes
    totalBodyBytes = limits.totalBodyBytes
  }

  /// For what a request needs besides its body; `limit` where its kind needs less than others.
  func beginHolding(limit: Int = .max) -> HeldBytes {
    HeldBytes(self, limit: min(limit, decompressedBytes), total: totalBodyBytes)
  }

  /// Bytes of requests' bodies that are arriving or being answered, and of what was decompressed of them.
  package var bodyBytes: Int { body.load(ordering: .relaxed) }

  /// Counts `bytes` more, or less when negative; answers the sum.
  @discardableResult
  func held(_ bytes: Int) -> Int { body.add(bytes, ordering: .relaxed).newValue }

  package var count: Int { connections.withLock { $0.count } }

  /// On the connection's event loop.
  func joined(_ channel: any Channel, _ carrier: any FlightCarrier) {
    let connection = Connection(channel: channel, carrier: NIOLoopBound(carrier, eventLoop: channel.eventLoop))
    connections.withLock { $0[ObjectIdentifier(channel)] = connection }
  }

  func left(_ channel: any Channel) {
    _ = connections.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  /// Those of `loop`, for those who are on it.
  func carriers(on loop: any EventLoop) -> [any FlightCarrier] {
    connections.withLock { Array($0.values) }.filter { $0.channel.eventLoop === loop }.map(\.carrier.value)
  }

  func stopAll() {
    for channel in channels { channel.pipeline.fireUserInboundEventTriggered(Stop()) }
  }

  func closeAll() {
    for channel in channels { channel.close(promise: nil) }
  }

  private var channels: [any Channel] { connections.withLock { $0.values.map(\.channel) } }
}
