import FleetCore
import FleetWire
import NIOCore

/// Has the active version answer its golden set, picture by picture, through the scheduler that serves the clients and after them. What it
/// computes is in no client's statistics.
struct GoldenEvaluator: Sendable {
  let service: InferenceService

  /// How often it looks whether clients leave room.
  private static let look = TimeAmount.milliseconds(1)

  /// `loop` keeps the scheduler's time.
  func evaluate(
    _ version: ModelVersion,
    digest: ModelDigest,
    folder: String,
    by deadline: NIODeadline,
    on loop: any EventLoop
  ) async -> EngineReply {
    do throws(CommandError) {
      return .evaluated(try await answer(version, digest: digest, folder: folder, by: deadline, on: loop))
    } catch {
      return .refused(error.code, error.message)
    }
  }

  private func answer(
    _ version: ModelVersion,
    digest: ModelDigest,
    folder: String,
    by deadline: NIODeadline,
    on loop: any EventLoop
  ) async throws(CommandError) -> GoldenResult {
    guard let target = service.registry.find(version.name)?.active, target.version == version, target.digest == digest
    else {
      let served = service.registry.find(version.name).map { "\($0.active.version)" } ?? "no version of it"
      throw CommandError(.conflict, "\(version) (\(digest.short)) is not what the engine serves; it serves \(served)")
    }
    let golden = try await chore(on: target, by: deadline, loop) { () throws(EngineError) in
      try GoldenSet(folder: folder)
    }
    let (input, output) = try places(of: golden, in: target)
    let pace = GoldenPace(deadline: deadline, count: golden.count)
    var right = 0
    for index in 0..<golden.count {
      guard !Task.isCancelled else { throw Self.stopping }
      try await waitForClients(of: target, pace.patience(at: index, now: .now()))
      let execution = service.execution
      let (isRight, took) = try await chore(on: target, by: deadline, loop) { () throws(EngineError) in
        let picture = try golden.tensor(index, for: target.model.inputs[input])
        let (outputs, took) = try execution.runUncounted([picture], wanted: [output], on: target)
        guard let answer = outputs.first else { throw EngineError("the engine gave no output '\(golden.output)'") }
        do throws(EngineError) {
          return (try GoldenScore.isRight(answer, label: golden.labels[index]), took)
        } catch {
          throw EngineError("\(GoldenResult.fileName): labels[\(index)]: \(error.message)")
        }
      }
      if isRight { right += 1 }
      try await sleep(for: pace.pause(after: took, at: index + 1, now: .now()))
    }
    return GoldenResult(right: right, total: golden.count)
  }

  /// Where the model has the input and the output that the golden set names.
  private func places(
    of golden: GoldenSet,
    in target: ServedVersion
  ) throws(CommandError) -> (input: Int, output: Int) {
    let (inputs, outputs) = (target.model.inputs.map(\.name), target.model.outputs.map(\.name))
    var problems: [String] = []
    for (kind, name, names) in [("input", golden.input, inputs), ("output", golden.output, outputs)]
    where !names.contains(name) {
      let hint = NearName.hint(for: String(name.prefix(64)), among: names)
      problems.append("the model has no \(kind) \(ServingError.quote(name))\(hint)")
    }
    if inputs.count > 1 {
      problems.append(
        "the model has \(inputs.count) inputs, and a golden set fills one: \(inputs.joined(separator: ", "))"
      )
    }
    guard problems.isEmpty, let input = inputs.firstIndex(of: golden.input),
      let output = outputs.firstIndex(of: golden.output)
    else {
      throw CommandError(
        .unusable,
        "\(target.version): \(GoldenResult.fileName): \(problems.joined(separator: "; "))"
      )
    }
    return (input, output)
  }

  private static let stopping = CommandError(.unreachable, Scheduler.stopping.message)

  // MARK: Low priority

  /// Returns when no call waits for the model or is computed by a worker, or when that took too long.
  private func waitForClients(of target: ServedVersion, _ patience: TimeAmount) async throws(CommandError) {
    let end = NIODeadline.now() + patience
    while !service.scheduler.isFree(for: target), NIODeadline.now() < end {
      try await sleep(for: Self.look)
    }
  }

  private func sleep(for time: TimeAmount) async throws(CommandError) {
    guard time > .zero else { return }
    do {
      try await Task.sleep(for: .nanoseconds(time.nanoseconds))
    } catch {
      throw Self.stopping
    }
  }

  /// Has a worker do `work` when it has nothing else to do. Asks again when that took longer than calls may wait, until `deadline`.
  private func chore<Value: Sendable>(
    on target: ServedVersion,
    by deadline: NIODeadline,
    _ loop: any EventLoop,
    _ work: @escaping @Sendable () throws(EngineError) -> Value
  ) async throws(CommandError) -> Value {
    while true {
      guard NIODeadline.now() < deadline else {
        throw CommandError(.timeout, "\(target.version) did not answer its golden set in time: the node is too busy")
      }
      let result: Result<Value, ChoreError> = await withCheckedContinuation { continuation in
        let chore = WaitingCall(
          target: target,
          // Of nobody: chores are not counted.
          meter: ModelMeter(),
          received: .now(),
          work: .chore { continuation.resume(returning: .of(work)) },
          refuse: { continuation.resume(returning: .failure(.refused($0))) }
        )
        let request = RequestQueue<WaitingCall>.Request(deadline: deadline)
        _ = service.scheduler.submit(chore, request, loop: loop)
      }
      switch result {
      case .success(let value): return value
      case .failure(.failed(let error)): throw CommandError(.unusable, "\(target.version): \(error.message)")
      case .failure(.refused(let refusal)) where refusal.message == Scheduler.stopping.message:
        throw Self.stopping
      case .failure(.refused): try await sleep(for: Self.look)
      }
    }
  }
}

private enum ChoreError: Error {
  /// It began, and went wrong.
  case failed(EngineError)
  /// It did not begin.
  case refused(ServingError)
}

extension Result where Failure == ChoreError {
  fileprivate static func of(_ work: () throws(EngineError) -> Success) -> Result {
    do throws(EngineError) {
      return .success(try work())
    } catch {
      return .failure(.failed(error))
    }
  }
}
