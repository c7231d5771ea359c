package import FleetCore
import FoundationEssentials
import NIOCore

/// Makes answers late or wrong on purpose, from a moment on.
package struct FaultInjector: Sendable {
  private let fault: FaultInjection
  private let start: NIODeadline
  private let end: NIODeadline

  /// `agentStart` is when the agent started, as Unix time in seconds: the fault counts from then.
  package init(_ fault: FaultInjection, agentStart: Double) {
    self.fault = fault
    let wait = agentStart + fault.after.seconds - Date().timeIntervalSince1970
    let now = NIODeadline.now()
    start = now + Self.amount(wait)
    end = fault.lasting.map { now + Self.amount(wait + $0.seconds) } ?? .distantFuture
  }

  private static func amount(_ seconds: Double) -> TimeAmount {
    .nanoseconds(Int64((max(0, min(seconds, 31_536_000)) * 1e9).rounded()))
  }

  /// How the next answer is disturbed; nil when it is not.
  func draw() -> (delay: TimeAmount, fails: Bool)? {
    let now = NIODeadline.now()
    guard now >= start, now < end else { return nil }
    return (.microseconds(fault.latency.microseconds), fault.errors > 0 && Double.random(in: 0..<1) < fault.errors)
  }
}
