import NIOCore

/// Runs a version for one call or for several together, on the calling thread, and writes down what it took.
struct Execution: Sendable {
  let watch: ComputeWatch

  /// The outputs of one call that has `waited` for its turn.
  func run(
    _ prepared: InferValidation.Prepared,
    on target: ServedVersion,
    meter: ModelMeter,
    received: NIODeadline,
    waited: TimeAmount
  ) -> Result<[Tensor], ServingError> {
    do {
      let (run, time) = try timed(on: target) { try $0.run([prepared.inputs], wanted: prepared.wanted) }
      target.took(time, prepared.shape)
      let rows = target.rows(of: prepared)
      target.statistics.ran(run, rows: rows)
      book(target, meter, received: received, waited: waited, rows: rows, run, time)
      return .success(run.outputs)
    } catch {
      target.statistics.failed(after: NIODeadline.now() - received)
      return .failure(ServingError(.failed, "the engine failed: \(error)"))
    }
  }

  /// The outputs for what is nobody's call, and how long they took; in no statistics, but watched as any computation.
  func runUncounted(
    _ inputs: [Tensor],
    wanted: [Int],
    on target: ServedVersion
  ) throws(EngineError) -> (outputs: [Tensor], time: TimeAmount) {
    do {
      let (run, time) = try timed(on: target) { try $0.run([inputs], wanted: wanted) }
      return (run.outputs, time)
    } catch {
      throw EngineError("the engine failed: \(error)")
    }
  }

  /// Answers `calls`, all of one version and of one kind.
  func answer(_ calls: [WaitingCall], waited: [TimeAmount]) {
    if calls.count > 1, answerTogether(calls, waited: waited) { return }
    for (call, waited) in zip(calls, waited) {
      guard case .compute(let prepared, let answer) = call.work else { continue }
      answer(run(prepared, on: call.target, meter: call.meter, received: call.received, waited: waited))
    }
  }

  /// False when it went wrong for all: one that breaks the model must not break it for those beside it.
  private func answerTogether(_ calls: [WaitingCall], waited: [TimeAmount]) -> Bool {
    guard let target = calls.first?.target else { return true }
    let batch = Batch(
      calls.compactMap { call in if case .compute(let prepared, _) = call.work { prepared } else { nil } }
    )
    guard batch.calls.count == calls.count,
      let (run, time) = try? timed(on: target, { try $0.run(batch.calls.map(\.inputs), wanted: batch.wanted) }),
      let outputs = batch.split(run.outputs)
    else { return false }
    target.took(time, batch.shape(for: target.model))
    target.statistics.ran(run, rows: batch.rowCount)
    for (index, call) in calls.enumerated() {
      guard case .compute(_, let answer) = call.work else { continue }
      book(
        target,
        call.meter,
        received: call.received,
        waited: waited[index],
        rows: batch.rows[index],
        run,
        time
      )
      answer(.success(outputs[index]))
    }
    return true
  }

  private func timed(
    on target: ServedVersion,
    _ body: (any LoadedModel) throws -> ModelRun
  ) throws -> (run: ModelRun, time: TimeAmount) {
    let start = NIODeadline.now()
    let place = watch.begin(target, at: start)
    defer { watch.end(place) }
    let run = try body(target.model)
    return (run, NIODeadline.now() - start)
  }

  private func book(
    _ target: ServedVersion,
    _ meter: ModelMeter,
    received: NIODeadline,
    waited: TimeAmount,
    rows: Int,
    _ run: ModelRun,
    _ time: TimeAmount
  ) {
    meter.computed(queueTime: waited, computeTime: time)
    target.statistics.succeeded(rows: rows, total: NIODeadline.now() - received, queue: waited, run)
  }
}
