import FleetCore
package import NIOCore

/// ModelInfer: on the caller's event loop when that is quick, else by a worker.
extension InferenceService {
  /// A call expected to take at least this long leaves the event loop to the others: waking a thread costs about 50 us.
  private static let longestInline: TimeAmount = .milliseconds(1)

  /// Longer bodies are decoded by a worker: JSON takes some 10 ns a byte, and everybody else on the event loop would wait.
  private static let longestReadInline = 64 << 10

  /// Decodes, computes and encodes. `decode` runs here when no more than a few of the `bodyBytes` that it must look at, one by one,
  /// are there. `encode` gets the decoded call unless there is none, and runs where the answer was made.
  package func infer<Call: InferCall, Answer: Sendable>(
    on target: ServedVersion,
    meter: ModelMeter,
    context: CallContext,
    loop: any EventLoop,
    bodyBytes: Int,
    decode: @escaping @Sendable () throws(ServingError) -> Call,
    encode: @escaping @Sendable (Result<InferReply, ServingError>, Call?) -> Answer
  ) -> Eventual<Answer> {
    guard bodyBytes <= Self.longestReadInline else {
      let promise = loop.makePromise(of: Answer.self)
      let reading = WaitingCall(
        target: target,
        meter: meter,
        received: context.received,
        work: .read { [self] in
          do throws(ServingError) {
            let call = try decode()
            let prepared = try InferValidation.prepare(call.request, for: target.model)
            enqueue(call, prepared, on: target, meter: meter, context: context, loop: loop, encode, promise)
          } catch {
            promise.succeed(encode(.failure(error), nil))
          }
        },
        refuse: { promise.succeed(encode(.failure($0), nil)) }
      )
      submit(reading, RequestQueue.Request(deadline: context.deadline), context, loop)
      return .later(promise.futureResult)
    }
    let call: Call
    let prepared: InferValidation.Prepared
    do throws(ServingError) {
      call = try decode()
      prepared = try InferValidation.prepare(call.request, for: target.model)
    } catch {
      return .now(encode(.failure(error), nil))
    }
    if isQuick(prepared, on: target), Self.deadline(of: call.request, context).map({ $0 > .now() }) ?? true {
      let outputs = execution.run(prepared, on: target, meter: meter, received: context.received, waited: .zero)
      return .now(encode(Self.reply(outputs, call.request, target), call))
    }
    let promise = loop.makePromise(of: Answer.self)
    enqueue(call, prepared, on: target, meter: meter, context: context, loop: loop, encode, promise)
    return .later(promise.futureResult)
  }

  /// Whether computing here at once holds up nobody: neither others on this event loop nor calls that wait for the model.
  private func isQuick(_ prepared: InferValidation.Prepared, on target: ServedVersion) -> Bool {
    // The first call of a shape compiles for some milliseconds, and its size says little.
    guard !target.isBatching, let time = target.expectedTime(prepared.shape), time < Self.longestInline else {
      return false
    }
    return scheduler.isFree(for: target)
  }

  private func enqueue<Call: InferCall, Answer: Sendable>(
    _ call: Call,
    _ prepared: InferValidation.Prepared,
    on target: ServedVersion,
    meter: ModelMeter,
    context: CallContext,
    loop: any EventLoop,
    _ encode: @escaping @Sendable (Result<InferReply, ServingError>, Call?) -> Answer,
    _ promise: EventLoopPromise<Answer>
  ) {
    let waiting = WaitingCall(
      target: target,
      meter: meter,
      received: context.received,
      work: .compute(prepared) { promise.succeed(encode(Self.reply($0, call.request, target), call)) },
      refuse: { promise.succeed(encode(.failure($0), call)) }
    )
    let request = RequestQueue<WaitingCall>.Request(
      deadline: Self.deadline(of: call.request, context),
      rows: target.rows(of: prepared),
      kind: target.isBatching ? Batch.kind(prepared) : nil,
      expected: target.expectedTime(prepared.shape) ?? target.estimatedTime(bytes: prepared.shape.bytes)
    )
    submit(waiting, request, context, loop)
  }

  private func submit(
    _ call: WaitingCall,
    _ request: RequestQueue<WaitingCall>.Request,
    _ context: CallContext,
    _ loop: any EventLoop
  ) {
    guard let place = scheduler.submit(call, request, loop: loop) else { return }
    context.onCancel { [scheduler] in scheduler.cancel(place) }
  }

  private static func deadline(of request: InferRequest, _ context: CallContext) -> NIODeadline? {
    guard let timeout = request.timeout else { return context.deadline }
    let own = context.received + timeout
    return min(own, context.deadline ?? own)
  }

  private static func reply(
    _ outputs: Result<[Tensor], ServingError>,
    _ request: InferRequest,
    _ target: ServedVersion
  ) -> Result<InferReply, ServingError> {
    outputs.map {
      InferReply(model: target.version.name, version: target.version.number, id: request.id, outputs: $0)
    }
  }
}
