package import FleetCore
package import NIOCore

/// How an infer call comes to its answer, whatever protocol brought it: counted, late or wrong where that was asked for, and from a
/// sibling while this node drains.
package final class InferDispatch: Sendable {
  /// A call, and how its protocol reads and writes it.
  package struct Attempt<Call: InferCall, Answer: Sendable>: Sendable {
    package var model: String
    package var version: String?
    package var context: CallContext
    /// Of the call as it came; tells how long it will likely take.
    package var length: Int
    /// How much of it `decode` looks at or copies, at most.
    package var bodyBytes: @Sendable (ServedVersion) -> Int
    /// The node that has passed it on to this one.
    package var handedOffBy: String?
    /// Whether it may name memory of this machine, which no sibling reaches.
    package var isBoundHere: @Sendable () -> Bool
    /// As a sibling is to get it.
    package var passedOn: @Sendable () -> HTTPRequest
    package var decode: @Sendable (ServedVersion) throws(ServingError) -> Call
    package var encode: @Sendable (Result<InferReply, ServingError>, Call?) -> Answer
    /// What a sibling answered.
    package var adopt: @Sendable (HTTPResponse) -> Answer
  }

  /// An answer, with the request that it ends where a model counts that.
  package struct Counted<Answer: Sendable>: Sendable {
    package var answer: Answer
    package var ticket: RequestTicket?
  }

  let node: NodeName
  package let service: InferenceService
  package let handOff: HandOff
  let relay: SiblingRelay
  private let shortestAttempt: TimeAmount
  private let fault: FaultInjector?

  /// No more than `maximumRelays` requests are with siblings at once, each for `shortestAttempt` at the least before another is asked.
  package init(
    node: NodeName,
    service: InferenceService,
    handOff: HandOff,
    maximumRelays: Int,
    shortestAttempt: TimeAmount = RelayPatience.shortestAttempt,
    security: SiblingSecurity = .plain,
    fault: FaultInjector? = nil
  ) {
    self.node = node
    self.service = service
    self.handOff = handOff
    self.shortestAttempt = shortestAttempt
    self.fault = fault
    relay = SiblingRelay(node: node, handOff: handOff, security: security, maximumInFlight: maximumRelays)
  }

  /// Whether this node wants to be asked.
  package var isReady: Bool { !handOff.isOn && !service.registry.isEmpty }

  package func answer<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    guard let plan = handOff.plan else { return answerHere(attempt, on: loop) }
    if let passer = attempt.handedOffBy {
      let message = "this node drains too: \(ServingError.quote(passer)) must ask another"
      return refuse(attempt, ServingError(.unavailable, message))
    }
    handOff.traffic.came(from: attempt.context.client)
    if handOff.isOnTrial(plan) { return answerOnTrial(attempt, plan, on: loop) }
    return answerElsewhere(attempt, plan, on: loop)
  }

  /// From a sibling, and here when none of them takes it.
  func answerElsewhere<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    _ plan: HandOff.Plan,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    guard !plan.siblings.isEmpty, !attempt.isBoundHere() else { return answerAlone(attempt, plan, on: loop) }
    let patience = patience(attempt)
    let request = attempt.passedOn()
    attempt.context.isAnsweredBySibling()
    return .later(
      relay.answer(request, from: plan.siblings, patience: patience, since: request.received, on: loop)
        .flatMap { [self] response in
          if let response {
            service.registry.find(attempt.model)?.meter.handedOff()
            return loop.makeSucceededFuture(Counted(answer: attempt.adopt(response)))
          }
          return answerAlone(attempt, plan, on: loop).future(on: loop)
        }
    )
  }

  /// How long siblings may take for it.
  func patience<Call, Answer>(_ attempt: Attempt<Call, Answer>) -> RelayPatience {
    let expected = service.registry.find(attempt.model)?.active.estimatedTime(bytes: attempt.length)
    return RelayPatience(expectedTime: expected, shortestAttempt: shortestAttempt)
  }

  /// Closes the connections to siblings that are kept for the next hand-off.
  package func closeConnections() {
    relay.closeConnections()
  }

  /// The last resort: better here than not at all, unless the operator wants otherwise.
  private func answerAlone<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    _ plan: HandOff.Plan,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    if !plan.refusesWhenAlone, service.registry.find(attempt.model) != nil { return answerHere(attempt, on: loop) }
    let message =
      if plan.siblings.isEmpty {
        "this node is draining and has no sibling to hand requests to"
      } else if attempt.isBoundHere() {
        "this node is draining, and its siblings cannot reach the shared memory of this one"
      } else {
        "this node is draining, and none of its siblings serves \(ServingError.quote(attempt.model)) now"
      }
    return refuse(attempt, ServingError(.unavailable, message))
  }

  func answerHere<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    let found: (active: ServedVersion, meter: ModelMeter)
    do throws(ServingError) {
      found = try service.find(attempt.model, version: attempt.version)
    } catch {
      return refuse(attempt, error)
    }
    let ticket = found.meter.began(received: attempt.context.received)
    let disturbance = fault?.draw()
    if disturbance?.fails == true {
      let failed = Counted(
        answer: attempt.encode(.failure(ServingError(.failed, "injected fault")), nil),
        ticket: ticket
      )
      return cuttable(delay(.now(failed), disturbance?.delay, on: loop), attempt, ticket, on: loop)
    }
    let target = found.active
    let decode = attempt.decode
    let answer = service.infer(
      on: target,
      meter: found.meter,
      context: attempt.context,
      loop: loop,
      bodyBytes: attempt.bodyBytes(target),
      decode: { () throws(ServingError) in try decode(target) },
      encode: attempt.encode
    )
    let counted = delay(answer.map { Counted(answer: $0, ticket: ticket) }, disturbance?.delay, on: loop)
    return cuttable(counted, attempt, ticket, on: loop)
  }

  private func delay<Answer>(
    _ answer: Eventual<Counted<Answer>>,
    _ delay: TimeAmount?,
    on loop: any EventLoop
  ) -> Eventual<Counted<Answer>> {
    guard let delay, delay > .zero else { return answer }
    return .later(
      answer.future(on: loop).flatMap { answer in loop.scheduleTask(in: delay) { answer }.futureResult }
    )
  }

  private func refuse<Call, Answer>(
    _ attempt: Attempt<Call, Answer>,
    _ error: ServingError
  ) -> Eventual<Counted<Answer>> {
    .now(Counted(answer: attempt.encode(.failure(error), nil)))
  }
}
