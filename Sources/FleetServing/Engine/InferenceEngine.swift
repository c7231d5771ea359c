package import FleetWire

/// An inference runtime with its devices. One file or folder a runtime implements it; nothing else knows which it is.
package protocol InferenceEngine: Sendable {
  /// Name and version, such as `OpenVINO 2026.4.1`.
  var runtime: String { get }
  var devices: [EngineDevice] { get }
  /// The device that versions are loaded on.
  var device: String { get }

  /// Reads and compiles the version in `folder`. Takes seconds: never call it on an event loop. Throws `EngineError`.
  func load(folder: String) throws -> any LoadedModel
}

/// A compiled model. Freed by letting go of it.
package protocol LoadedModel: Sendable {
  /// What the protocol's metadata calls the kind of model, such as `openvino`.
  var platform: String { get }
  var inputs: [TensorDescription] { get }
  var outputs: [TensorDescription] { get }

  /// Computes, on the calling thread, as many at a time as there are callers. `inputs` are in the order of the model's own and
  /// fit their descriptions; answers the outputs at the indices `wanted`, in that order. Throws `EngineError`.
  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor]
}

/// What a runtime refused to do, in its own words.
package struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}
