/// A ModelInfer call, whatever protocol brought it.
package struct InferRequest: Sendable, Equatable {
  /// The caller's name for the call; repeated in the reply.
  package var id: String?
  package var inputs: [Tensor]
  /// Names of the outputs to answer, in order; nil for all of the model's.
  package var outputs: [String]?

  package init(id: String? = nil, inputs: [Tensor], outputs: [String]? = nil) {
    self.id = id
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// What a ModelInfer call gave.
package struct InferReply: Sendable, Equatable {
  package var model: String
  package var version: Int
  package var id: String?
  package var outputs: [Tensor]

  package init(model: String, version: Int, id: String? = nil, outputs: [Tensor]) {
    self.model = model
    self.version = version
    self.id = id
    self.outputs = outputs
  }
}
