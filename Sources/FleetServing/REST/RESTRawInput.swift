import NIOCore

/// An infer call whose body is the one input's bytes, without any JSON (Triton's binary data extension, "Raw binary request").
enum RESTRawInput {
  /// Throws `.invalid` when the model has more inputs than one, or the length of `body` does not tell its shape.
  static func decode(_ body: ByteBuffer, for inputs: [TensorDescription]) throws(ServingError) -> RESTInferRequest {
    guard let input = inputs.first, inputs.count == 1 else {
      throw ServingError(
        .invalid,
        "a body without JSON is for models with one input, and this one has \(inputs.count): "
          + "set Inference-Header-Content-Length to the length of the JSON"
      )
    }
    let tensor = try tensor(body, for: input)
    var call = RESTInferRequest(request: InferRequest(inputs: [tensor]))
    call.isBinaryByDefault = true
    return call
  }

  private static func tensor(_ body: ByteBuffer, for input: TensorDescription) throws(ServingError) -> Tensor {
    guard let size = input.datatype.size else {
      // One element: there is nothing to tell several apart.
      var bytes = ByteBuffer()
      let shape = input.shape.map { $0 == -1 ? 1 : $0 }
      guard shape.allSatisfy({ $0 == 1 }), BytesElements.write(body.readableBytesView, to: &bytes) else {
        throw ServingError(.invalid, "input '\(input.name)': a body without JSON holds one element of BYTES")
      }
      return Tensor(name: input.name, datatype: input.datatype, shape: shape, bytes: bytes)
    }
    var shape = input.shape
    // Where more than the number of rows is open, the body is one row.
    if shape.filter({ $0 == -1 }).count > 1, shape.first == -1 { shape[0] = 1 }
    let open = shape.indices.filter { shape[$0] == -1 }
    guard open.count <= 1 else {
      throw ServingError(
        .invalid,
        "input '\(input.name)': the length of the body does not tell its shape \(InferValidation.text(input.shape))"
      )
    }
    if let index = open.first {
      let others =
        Tensor.elementCount(shape.filter { $0 != -1 })?.multipliedReportingOverflow(by: size).partialValue ?? 0
      guard others > 0, body.readableBytes > 0, body.readableBytes % others == 0
      else {
        throw ServingError(
          .invalid,
          "input '\(input.name)': a body of \(body.readableBytes) bytes is not a multiple of the \(others) bytes that "
            + "shape \(InferValidation.text(input.shape)) of \(input.datatype.rawValue) has"
        )
      }
      shape[index] = body.readableBytes / others
    }
    return Tensor(name: input.name, datatype: input.datatype, shape: shape, bytes: body)
  }
}
