import FleetCore
import NIOCore

/// A call on its way to a worker.
struct WaitingCall: Sendable {
  enum Work: Sendable {
    /// Is read by a worker, because it is long, and comes back as one to compute.
    case read(@Sendable () -> Void)
    case compute(InferValidation.Prepared, answer: @Sendable (Result<[Tensor], ServingError>) -> Void)
    /// Nobody's call: is done when a worker has nothing else to do, and is not counted.
    case chore(@Sendable () -> Void)
  }

  let target: ServedVersion
  let meter: ModelMeter
  let received: NIODeadline
  let work: Work
  /// Instead of any other answer.
  let refuse: @Sendable (ServingError) -> Void

  var lane: WorkShare<WaitingCall>.Lane {
    let kind: WorkShare<WaitingCall>.Lane.Kind =
      switch work {
      case .compute: .computing
      case .read: .reading
      case .chore: .chores
      }
    return WorkShare.Lane(target: ObjectIdentifier(target), kind: kind)
  }

  /// Refused by the queue: tells the client why, and the books.
  func refuse(_ refusal: RequestQueue<WaitingCall>.Refusal) {
    let name = target.version.name
    switch refusal {
    case .full(let count):
      meter.refused(isLate: false)
      fail(ServingError(.unavailable, "\(count) requests wait for '\(name)' already"))
    case .wouldWait(let time):
      meter.refused(isLate: true)
      fail(
        ServingError(
          .unavailable,
          "'\(name)' is busy: some \(time.wholeMilliseconds) ms of work are ahead of the request, "
            + "too near the \(longestWait) ms that one may wait"
        )
      )
    case .waited:
      meter.refused(isLate: true)
      fail(
        ServingError(
          .unavailable,
          "'\(name)' is busy: the request has waited for \(longestWait) ms, as long as one may"
        )
      )
    case .deadline:
      meter.refused(isLate: true)
      fail(ServingError(.deadlineExceeded, "Request timeout expired: '\(name)' could not begin with it in time"))
    }
  }

  func fail(_ error: ServingError) {
    if case .chore = work { return refuse(error) }
    target.statistics.failed(after: NIODeadline.now() - received, because: error.kind)
    refuse(error)
  }

  private var longestWait: Int64 { target.longestWait.wholeMilliseconds }
}

extension TimeAmount {
  fileprivate var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }
}
