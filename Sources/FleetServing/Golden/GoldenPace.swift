import NIOCore

/// How fast a golden set is answered: slowly enough that clients hardly notice, and fast enough for its deadline.
struct GoldenPace: Sendable {
  /// After a picture the accelerator is left to clients for so many times what it took.
  private static let restraint: Int64 = 3
  /// The longest that clients' calls are let go first.
  private static let longestPatience = TimeAmount.milliseconds(250)

  let deadline: NIODeadline
  let count: Int

  /// Before the picture at `index`: how long it may wait for a moment without calls of clients.
  func patience(at index: Int, now: NIODeadline) -> TimeAmount {
    min(Self.longestPatience, share(at: index, now: now))
  }

  /// After a picture, when `index` is the next: how long to do nothing.
  func pause(after took: TimeAmount, at index: Int, now: NIODeadline) -> TimeAmount {
    let wanted = TimeAmount.nanoseconds(took.nanoseconds.multipliedReportingOverflow(by: Self.restraint).partialValue)
    return max(.zero, min(wanted, share(at: index, now: now) - took))
  }

  /// Half of what each of the pictures left may take until the deadline: the other half is for computing them.
  private func share(at index: Int, now: NIODeadline) -> TimeAmount {
    .nanoseconds(max(0, (deadline - now).nanoseconds) / Int64(max(1, count - index)) / 2)
  }
}
