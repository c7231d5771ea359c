import NIOCore
import Synchronization

/// Requests that a node answers on trial, before it takes all of them back.
extension InferDispatch {
  /// Here, for all to see how well that goes; a sibling answers when it goes wrong, so that a trial costs its clients time alone.
  func answerOnTrial<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    _ plan: HandOff.Plan,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    guard !plan.siblings.isEmpty, !attempt.isBoundHere() else { return answerHere(attempt, on: loop) }
    let outcome = TrialOutcome()
    var watched = attempt
    watched.encode = { result, call in
      outcome.note(result)
      return attempt.encode(result, call)
    }
    let own = answerHere(watched, on: loop)
    return .later(
      own.future(on: loop).flatMap { [self] counted in
        guard outcome.hasFailed, !attempt.context.isCancelled else { return loop.makeSucceededFuture(counted) }
        return relay.answer(
          attempt.passedOn(),
          from: plan.siblings,
          patience: patience(attempt),
          since: .now(),
          on: loop
        )
        .map { response in
          guard let response else { return counted }
          // Its failure counts here, for that is what the trial is to show.
          counted.ticket?.answered(isError: true)
          return Counted(answer: attempt.adopt(response))
        }
      }
    )
  }
}

/// What came of a request on trial. The answer is encoded on whatever thread has computed it.
private final class TrialOutcome: Sendable {
  private let failure = Mutex(false)

  /// Whether a sibling may do better. What is wrong with the request itself is wrong there too.
  var hasFailed: Bool { failure.withLock { $0 } }

  func note(_ result: Result<InferReply, ServingError>) {
    guard case .failure(let error) = result else { return }
    switch error.kind {
    case .failed, .unavailable, .notFound: failure.withLock { $0 = true }
    default: break
    }
  }
}
