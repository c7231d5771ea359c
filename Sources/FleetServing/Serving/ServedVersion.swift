package import FleetCore
import NIOCore
import Synchronization

/// A loaded version and the pace it was seen to work at. Requests that began on it finish on it, also when another has taken over.
package final class ServedVersion: Sendable {
  package let version: ModelVersion
  package let digest: ModelDigest
  package let model: any LoadedModel
  package let options: ModelOptions
  package let statistics: VersionStatistics
  private let fixedBounds: RequestQueue<WaitingCall>.Bounds
  /// Whether the calls of several clients may be computed together.
  let isBatching: Bool
  private let hasRows: Bool
  /// The version's text in bytes.
  let label: [UInt8]
  private let pace = Mutex(ModelPace())

  package init(
    version: ModelVersion,
    digest: ModelDigest,
    model: any LoadedModel,
    options: ModelOptions = ModelOptions(),
    statistics: VersionStatistics = VersionStatistics()
  ) {
    self.version = version
    self.digest = digest
    self.model = model
    self.options = options
    self.statistics = statistics
    label = Array("\(version)".utf8)
    hasRows = (model.inputs + model.outputs).allSatisfy { $0.shape.first == -1 }
    isBatching = hasRows && options.largestBatch > 1 && model.inputs.allSatisfy { $0.datatype != .bytes }
    fixedBounds = RequestQueue.Bounds(
      maximumQueued: options.maximumQueued,
      maximumWait: .seconds(options.maximumWait),
      largestBatch: isBatching ? options.largestBatch : 1,
      longestDelay: .seconds(options.longestDelay)
    )
  }

  /// What may wait for it, and how much of it may run at a time, which changes when the model is compiled anew.
  var queueBounds: RequestQueue<WaitingCall>.Bounds {
    var bounds = fixedBounds
    bounds.parallelism = max(1, model.parallelism)
    return bounds
  }

  var longestWait: TimeAmount { fixedBounds.maximumWait }

  /// How many rows a call asks for: 1 unless the model leaves the first length of all its tensors open.
  func rows(of prepared: InferValidation.Prepared) -> Int {
    hasRows ? prepared.inputs.first?.shape.first ?? 1 : 1
  }

  /// What a call of `shape` will likely take; nil while that is unknown.
  func expectedTime(_ shape: ModelPace.Shape) -> TimeAmount? {
    pace.withLock { $0.expectedTime(shape) }
  }

  /// What inputs of `bytes` take at most, as far as can be told from those seen.
  func estimatedTime(bytes: Int) -> TimeAmount? {
    pace.withLock { $0.estimatedTime(bytes: bytes) }
  }

  func took(_ time: TimeAmount, _ shape: ModelPace.Shape) {
    pace.withLock { $0.took(time, shape) }
  }

  /// Runs the model on zeros, so that the first request finds it compiled for its shape and its pace known.
  package func warmUp(runs: Int = 5) throws {
    let inputs = try model.inputs.map { description in
      let shape = description.shape.map { max(1, $0) }
      // An empty element of BYTES is a length of zero.
      let size = description.datatype.size ?? MemoryLayout<UInt32>.size
      guard let count = Tensor.elementCount(shape) else {
        throw EngineError("input '\(description.name)' has a shape that cannot be served")
      }
      return Tensor(
        name: description.name,
        datatype: description.datatype,
        shape: shape,
        bytes: ByteBuffer(repeating: 0, count: count * size)
      )
    }
    let wanted = Array(model.outputs.indices)
    let shape = InferValidation.shape(of: inputs, for: model)
    for _ in 0..<runs {
      let start = NIODeadline.now()
      _ = try model.infer(inputs, wanted: wanted)
      took(NIODeadline.now() - start, shape)
    }
  }
}

extension TimeAmount {
  /// No longer than a year.
  fileprivate static func seconds(_ seconds: Double) -> TimeAmount {
    .nanoseconds(Int64(max(0, min(seconds, 31_536_000)) * 1e9))
  }
}
