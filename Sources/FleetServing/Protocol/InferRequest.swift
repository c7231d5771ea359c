package import NIOCore

/// A ModelInfer call, whatever protocol brought it.
package struct InferRequest: Sendable, Equatable {
  /// The caller's name for the call; repeated in the reply.
  package var id: String?
  package var inputs: [Tensor]
  /// Names of the outputs to answer, in order; nil for all of the model's.
  package var outputs: [String]?
  /// How long after its arrival an answer is of use; nil when the caller did not say.
  package var timeout: TimeAmount?

  package init(id: String? = nil, inputs: [Tensor], outputs: [String]? = nil, timeout: TimeAmount? = nil) {
    self.id = id
    self.inputs = inputs
    self.outputs = outputs
    self.timeout = timeout
  }
}

/// A call as a codec decoded it: the request, and what only that codec knows.
package protocol InferCall: Sendable {
  var request: InferRequest { get }
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
