package import NIOCore

/// A compiled model. Freed by letting go of it.
package protocol LoadedModel: Sendable {
  /// What the protocol's metadata calls the kind of model, such as `openvino`.
  var platform: String { get }
  var inputs: [TensorDescription] { get }
  var outputs: [TensorDescription] { get }

  /// How many runs at a time suit the device; may change while it serves. More may be asked for: they wait for each other, and so do their threads.
  var parallelism: Int { get }

  /// Computes, on the calling thread, as many at a time as there are callers. `inputs` are in the order of the model's own and
  /// fit their descriptions; answers the outputs at the indices `wanted`, in that order. Throws `EngineError`.
  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor]

  /// The same for several calls whose tensors differ in their rows only, one row behind the other, in one run.
  func run(_ calls: [[Tensor]], wanted: [Int]) throws -> ModelRun
}

/// What a run gave, and where its time went.
package struct ModelRun: Sendable {
  package var outputs: [Tensor]
  /// Bringing the inputs to the device, computing, and fetching the outputs.
  package var input: TimeAmount
  package var infer: TimeAmount
  package var output: TimeAmount

  package init(outputs: [Tensor], input: TimeAmount = .zero, infer: TimeAmount, output: TimeAmount = .zero) {
    self.outputs = outputs
    self.input = input
    self.infer = infer
    self.output = output
  }
}

extension LoadedModel {
  package var parallelism: Int { 1 }

  package func run(_ calls: [[Tensor]], wanted: [Int]) throws -> ModelRun {
    let start = NIODeadline.now()
    let inputs = calls.count == 1 ? calls[0] : Self.join(calls)
    let joined = NIODeadline.now()
    let outputs = try infer(inputs, wanted: wanted)
    return ModelRun(outputs: outputs, input: joined - start, infer: NIODeadline.now() - joined)
  }

  private static func join(_ calls: [[Tensor]]) -> [Tensor] {
    guard var inputs = calls.first else { return [] }
    for call in calls.dropFirst() {
      for (index, more) in call.enumerated() {
        inputs[index].bytes.writeImmutableBuffer(more.bytes)
        inputs[index].shape[0] += more.shape[0]
      }
    }
    return inputs
  }
}
