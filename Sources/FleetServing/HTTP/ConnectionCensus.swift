import NIOCore
import Synchronization

/// Which connections are open, and how much they hold together.
package final class ConnectionCensus: Sendable {
  /// Tells a connection to finish what it has begun and close.
  struct Stop: Sendable {}

  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

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

  package var count: Int { channels.withLock { $0.count } }

  func joined(_ channel: any Channel) {
    channels.withLock { $0[ObjectIdentifier(channel)] = channel }
  }

  func left(_ channel: any Channel) {
    _ = channels.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }
  }

  func stopAll() {
    for channel in channels.withLock({ Array($0.values) }) {
      channel.pipeline.fireUserInboundEventTriggered(Stop())
    }
  }

  func closeAll() {
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
