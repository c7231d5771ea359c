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
      guard let count = Tensor.elementCount(shape), let size = description.datatype.size else {
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
