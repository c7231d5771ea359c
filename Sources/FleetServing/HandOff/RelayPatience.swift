package import NIOCore

/// How long siblings are waited for. A model that takes its time is given it: an attempt that is cut off is computed again by the
/// next sibling, and again here.
package struct RelayPatience: Sendable, Equatable {
  package static let shortestAttempt: TimeAmount = .seconds(5)
  private static let longestAttempt: TimeAmount = .minutes(1)
  /// A sibling may be slower than this node, and have others to answer first.
  private static let timesExpected: Int64 = 5

  /// From asking a sibling to its answer.
  package let attempt: TimeAmount
  /// From the request's arrival to giving up on siblings.
  package let whole: TimeAmount

  /// `expectedTime` is what the request would take here; nil when that is unknown.
  package init(expectedTime: TimeAmount?, shortestAttempt: TimeAmount = RelayPatience.shortestAttempt) {
    let wanted = min(expectedTime ?? .zero, Self.longestAttempt) * Self.timesExpected
    attempt = min(max(wanted, shortestAttempt), Self.longestAttempt)
    whole = attempt * 2
  }

  /// For a request that is handed over late: all siblings together get no more than `whole`.
  init(whole: TimeAmount) {
    attempt = whole
    self.whole = whole
  }
}
