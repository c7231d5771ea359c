package import FleetCore
import NIOCore
import Synchronization

/// A loaded version and the pace it was seen to work at. Requests that began on it finish on it, also when another has taken over.
package final class ServedVersion: Sendable {
  package let version: ModelVersion
  package let digest: ModelDigest
  package let model: any LoadedModel
  /// Smoothed compute time in nanoseconds a row, weighing each new call with an eighth.
  private let nanosecondsPerRow = Mutex(0.0)

  package init(version: ModelVersion, digest: ModelDigest, model: any LoadedModel) {
    self.version = version
    self.digest = digest
    self.model = model
  }

  /// What a call with `rows` will likely take.
  func expectedTime(rows: Int) -> TimeAmount {
    .nanoseconds(Int64(nanosecondsPerRow.withLock { $0 } * Double(rows)))
  }

  func took(_ time: TimeAmount, rows: Int) {
    let sample = Double(time.nanoseconds) / Double(max(1, rows))
    // One call that had to wait for the machine must not send the next dozen to the workers.
    nanosecondsPerRow.withLock { $0 = $0 == 0 ? sample : $0 + (min(sample, $0 * 4) - $0) / 8 }
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
    for run in 0..<runs {
      let start = NIODeadline.now()
      _ = try model.infer(inputs, wanted: wanted)
      // The first run compiles.
      if run > 0 { took(NIODeadline.now() - start, rows: 1) }
    }
  }
}
