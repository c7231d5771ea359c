internal import FleetCore
package import FleetTransfer
internal import Foundation
internal import Synchronization

/// When and how fast bytes go to nodes. All transfers that share the lines share one of these.
package final class TransferPace: Sendable {
  package let limits: TransferLimits
  private let cap: Mutex<TransferCap>
  private let hours: @Sendable (_ store: String) -> TransferHours?
  private let leavesWhenClosed: Bool
  private let start = ContinuousClock.now

  /// `hours` tells when a store may be sent to; nil for at any time. Who must not wait for them, as a rollout whose every step has a
  /// deadline, has transfers fail with `.refused` instead (`leavesWhenClosed`).
  package init(
    _ limits: TransferLimits = TransferLimits(),
    hours: @escaping @Sendable (_ store: String) -> TransferHours? = { _ in nil },
    leavesWhenClosed: Bool = false
  ) {
    self.limits = limits
    self.leavesWhenClosed = leavesWhenClosed
    self.hours = hours
    cap = Mutex(TransferCap(limits))
  }

  func pieceBytes(atMost most: Int) -> Int { cap.withLock { $0.pieceBytes(atMost: most) } }

  /// Returns when `bytes` may go to a node. Throws `.conflict` when the task is cancelled meanwhile.
  func wait(for bytes: Int, to node: NodeName) async throws(CommandError) {
    let now = start.duration(to: .now)
    let wait = cap.withLock { $0.take(bytes, for: node, at: now) }
    guard wait > .zero else { return }
    try await Self.sleep(wait)
  }

  /// When a store may be sent to next; nil when it may now.
  func opening(of store: String) -> Date? {
    guard let hours = hours(store) else { return nil }
    let now = Date()
    return hours.isOpen(at: now) ? nil : hours.opening(from: now)
  }

  /// Clocks are set, and zones change their rules: a long wait looks again each minute.
  func waitUntilOpen(_ store: String) async throws(CommandError) {
    while let opening = opening(of: store) {
      if leavesWhenClosed {
        throw CommandError(.refused, "the hours of \(store) are over until \(opening.formatted(.iso8601))")
      }
      try await Self.sleep(.seconds(min(60, max(0.1, opening.timeIntervalSinceNow))))
    }
  }

  private static func sleep(_ duration: Duration) async throws(CommandError) {
    do {
      try await Task.sleep(for: duration)
    } catch {
      throw CommandError(.conflict, "stopped")
    }
  }
}
