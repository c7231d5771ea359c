import FleetWire
import NIOCore

/// Requests that are still unanswered when a drain's deadline comes.
extension InferDispatch {
  /// Lets an answer that is not there at once be given up: a sibling gives it, or its client is told that it must ask again. What is still
  /// computed here for it comes to nothing.
  func cuttable<Call, Answer>(
    _ answer: Eventual<Counted<Answer>>,
    _ attempt: Attempt<Call, Answer>,
    _ ticket: RequestTicket,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    guard case .later(let own) = answer else { return answer }
    let promise = loop.makePromise(of: Counted<Answer>.self)
    let isCut = NIOLoopBoundBox(false, eventLoop: loop)
    own.hop(to: loop).whenComplete { result in
      guard !isCut.value else { return }
      attempt.context.isAnswered()
      promise.completeWith(result)
    }
    attempt.context.isAnsweredHere { [self] patience in
      isCut.value = true
      attempt.context.cancel()
      return handOver(attempt, within: patience, on: loop).map { response in
        guard let response else {
          let message = "this node is drained, and no sibling took the request over at the deadline; send it again"
          let refused = attempt.encode(.failure(ServingError(.unavailable, message)), nil)
          promise.succeed(Counted(answer: refused, ticket: ticket))
          return .refused
        }
        ticket.handedOver()
        promise.succeed(Counted(answer: attempt.adopt(response)))
        return .handedOver
      }
    }
    return .later(promise.futureResult)
  }

  /// Nil when no sibling answers. A request that another node has passed on is that node's to pass on again.
  private func handOver<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    within patience: TimeAmount,
    on loop: any EventLoop
  ) -> EventLoopFuture<HTTPResponse?> {
    guard let plan = handOff.plan, attempt.handedOffBy == nil, !attempt.isBoundHere() else {
      return loop.makeSucceededFuture(nil)
    }
    return relay.answer(
      attempt.passedOn(),
      from: plan.siblings,
      patience: RelayPatience(whole: patience),
      since: .now(),
      on: loop
    )
  }
}
