import FleetCore
package import NIOCore

/// The calls of the Open Inference Protocol v2 on neutral types, once; REST and gRPC are codecs before it.
package final class InferenceService: Sendable {
  package static let extensions = ["binary_tensor_data"]
  /// A call expected to take at least this long leaves the event loop to the others: waking a thread costs about 50 us.
  private static let longestInline: TimeAmount = .milliseconds(1)

  package let registry: ModelRegistry
  private let workers: WorkerPool

  package init(registry: ModelRegistry, workers: WorkerPool) {
    self.registry = registry
    self.workers = workers
  }

  /// The version that answers for `name`. Throws `.notFound` when there is none, or `version` is not the one.
  package func find(_ name: String, version: String?) throws(ServingError) -> (active: ServedVersion, meter: ModelMeter)
  {
    guard let found = registry.find(name) else {
      let hint = NearName.hint(for: String(name.prefix(64)), among: registry.names)
      throw ServingError(.notFound, "no model \(ServingError.quote(name)) is served here\(hint)")
    }
    let active = found.active.version
    if let version, version != String(active.number) {
      throw ServingError(
        .notFound,
        "version \(ServingError.quote(version)) of '\(name)' is not served here; version '\(active.number)' is"
      )
    }
    return found
  }

  /// Computes on the caller's event loop when that is quick, else on a worker.
  package func infer(
    _ request: InferRequest,
    on target: ServedVersion,
    meter: ModelMeter,
    loop: any EventLoop
  ) -> Eventual<Result<InferReply, ServingError>> {
    let prepared: InferValidation.Prepared
    do throws(ServingError) {
      prepared = try InferValidation.prepare(request, for: target.model)
    } catch {
      return .now(.failure(error))
    }
    let arrived = NIODeadline.now()
    let id = request.id
    if target.expectedTime(rows: prepared.rows) < Self.longestInline {
      return .now(Self.compute(prepared, id: id, on: target, meter: meter, since: arrived))
    }
    meter.queued()
    let answer = workers.run(on: loop) {
      meter.dequeued()
      return Self.compute(prepared, id: id, on: target, meter: meter, since: arrived)
    }
    if let answer { return .later(answer) }
    meter.dequeued()
    return .now(
      .failure(ServingError(.unavailable, "\(workers.maximumWaiting) requests wait for the engine already"))
    )
  }

  private static func compute(
    _ prepared: InferValidation.Prepared,
    id: String?,
    on target: ServedVersion,
    meter: ModelMeter,
    since arrived: NIODeadline
  ) -> Result<InferReply, ServingError> {
    let start = NIODeadline.now()
    do {
      let outputs = try target.model.infer(prepared.inputs, wanted: prepared.wanted)
      let time = NIODeadline.now() - start
      target.took(time, rows: prepared.rows)
      meter.computed(queueTime: start - arrived, computeTime: time)
      let version = target.version
      return .success(InferReply(model: version.name, version: version.number, id: id, outputs: outputs))
    } catch {
      return .failure(ServingError(.failed, "the engine failed: \(error)"))
    }
  }
}
