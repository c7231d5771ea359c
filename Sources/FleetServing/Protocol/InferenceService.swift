import FleetCore
package import NIOCore

/// The calls of the Open Inference Protocol v2 on neutral types, once; REST and gRPC are codecs before it.
package final class InferenceService: Sendable {
  /// A call expected to take at least this long leaves the event loop to the others: waking a thread costs about 50 us.
  private static let longestInline: TimeAmount = .milliseconds(1)

  /// Longer bodies are decoded by a worker: JSON takes some 10 ns a byte, and everybody else on the event loop would wait.
  private static let longestReadInline = 64 << 10

  package let registry: ModelRegistry
  package let sharedMemory = SharedMemoryRegistry()
  /// Nil where nobody answers for what lies on the disk: then models come and go at the agent's word only.
  package let repository: (any RepositoryControl)?
  /// The computations that run, on event loops and on workers.
  package let computing = ComputeWatch()
  private let workers: WorkerPool

  package init(registry: ModelRegistry, workers: WorkerPool, repository: (any RepositoryControl)? = nil) {
    self.registry = registry
    self.workers = workers
    self.repository = repository
  }

  /// The version that answers for `name`: the active one when `version` is nil. Throws `.notFound` when there is none.
  package func find(_ name: String, version: String?) throws(ServingError) -> (active: ServedVersion, meter: ModelMeter)
  {
    guard let found = registry.find(name) else {
      let hint = NearName.hint(for: String(name.prefix(64)), among: registry.names)
      throw ServingError(.notFound, "no model \(ServingError.quote(name)) is served here\(hint)")
    }
    guard let version, version != String(found.active.version.number) else { return found }
    // As it is written and no other way: `+1` and `01` are no versions.
    if let number = Int(version), String(number) == version, let found = registry.find(name, version: number) {
      return found
    }
    let served = registry.versions(of: name).map { "'\($0.version.number)'" }
    let others = served.count == 1 ? "version \(served[0]) is" : "versions \(served.joined(separator: ", ")) are"
    throw ServingError(
      .notFound,
      "version \(ServingError.quote(version)) of '\(name)' is not served here; \(others)"
    )
  }

  /// Decodes, computes and encodes: on the caller's event loop when that is quick, else on a worker. `decode` of a body of
  /// `bodyBytes` runs here when that is short. `encode` gets the decoded call unless there is none.
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
      return offload(meter: meter, loop: loop) { [self] waited in
        do throws(ServingError) {
          let waited = try waited.get()
          let call = try decode()
          return encode(computeHere(call.request, on: target, meter: meter, waited: waited), call)
        } catch {
          return encode(.failure(error), nil)
        }
      }
    }
    let call: Call
    let prepared: InferValidation.Prepared
    do throws(ServingError) {
      call = try decode()
      prepared = try InferValidation.prepare(call.request, for: target.model)
    } catch {
      return .now(encode(.failure(error), nil))
    }
    let id = call.request.id
    guard !isQuick(prepared, on: target) else {
      return .now(encode(compute(prepared, id: id, on: target, meter: meter, waited: .zero), call))
    }
    return offload(meter: meter, loop: loop) { [self] waited in
      switch waited {
      case .success(let waited): encode(compute(prepared, id: id, on: target, meter: meter, waited: waited), call)
      case .failure(let error): encode(.failure(error), call)
      }
    }
  }

  private func isQuick(_ prepared: InferValidation.Prepared, on target: ServedVersion) -> Bool {
    if let time = target.expectedTime(prepared.shape) { return time < Self.longestInline }
    // The first call of a shape compiles for some milliseconds, and its size says little. But nobody is refused for being first.
    guard workers.isFull, let time = target.estimatedTime(bytes: prepared.shape.bytes) else { return false }
    return time < Self.longestInline
  }

  /// On the calling thread, which must be a worker's; `waited` is what `offload` told.
  private func computeHere(
    _ request: InferRequest,
    on target: ServedVersion,
    meter: ModelMeter,
    waited: TimeAmount
  ) -> Result<InferReply, ServingError> {
    do throws(ServingError) {
      let prepared = try InferValidation.prepare(request, for: target.model)
      return compute(prepared, id: request.id, on: target, meter: meter, waited: waited)
    } catch {
      return .failure(error)
    }
  }

  /// Runs `work` on a worker, with how long it waited for that; or here and at once with `.unavailable` when too many wait already.
  private func offload<Answer: Sendable>(
    meter: ModelMeter,
    loop: any EventLoop,
    _ work: @escaping @Sendable (Result<TimeAmount, ServingError>) -> Answer
  ) -> Eventual<Answer> {
    let arrived = NIODeadline.now()
    meter.queued()
    let answer = workers.run(on: loop) {
      meter.dequeued()
      return work(.success(NIODeadline.now() - arrived))
    }
    if let answer { return .later(answer) }
    meter.dequeued()
    let message = "\(workers.maximumWaiting) requests wait for the engine already"
    return .now(work(.failure(ServingError(.unavailable, message))))
  }

  private func compute(
    _ prepared: InferValidation.Prepared,
    id: String?,
    on target: ServedVersion,
    meter: ModelMeter,
    waited: TimeAmount
  ) -> Result<InferReply, ServingError> {
    let start = NIODeadline.now()
    let place = computing.begin(target, at: start)
    defer { computing.end(place) }
    do {
      let outputs = try target.model.infer(prepared.inputs, wanted: prepared.wanted)
      let time = NIODeadline.now() - start
      target.took(time, prepared.shape)
      meter.computed(queueTime: waited, computeTime: time)
      let version = target.version
      return .success(InferReply(model: version.name, version: version.number, id: id, outputs: outputs))
    } catch {
      return .failure(ServingError(.failed, "the engine failed: \(error)"))
    }
  }
}
