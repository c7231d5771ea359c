/// An infer call as REST brought it: the call itself, and in which form its outputs go back.
struct RESTInferRequest: InferCall {
  enum OutputForm: Equatable {
    case json
    case binary
    case shared(SharedMemoryRegistry.Slice)
  }

  var request: InferRequest
  /// By name, where the caller said so; and what holds for the others.
  var outputForms: [String: OutputForm] = [:]
  var isBinaryByDefault = false
  /// Counts what the inputs take besides the request's body.
  var held: HeldBytes?

  func form(of output: String) -> OutputForm {
    outputForms[output] ?? (isBinaryByDefault ? .binary : .json)
  }
}
