import FleetCore
import NIOCore

/// The answers of the REST form, but for the tensors.
enum RESTResponses {
  static func serverMetadata(extensions: [String]) -> HTTPResponse {
    json(
      """
      {"name":"fleetd","version":\(JSONText.quoted(BuildVersion.text)),\
      "extensions":[\(extensions.map(JSONText.quoted).joined(separator: ","))]}
      """
    )
  }

  /// 200 when it is so, else 400, as the protocol's health calls have it.
  static func flag(_ name: String, _ value: Bool) -> HTTPResponse {
    json("{\"\(name)\":\(value)}", status: value ? 200 : 400)
  }

  static func modelReady(_ version: ModelVersion, _ isReady: Bool) -> HTTPResponse {
    json("{\"name\":\(JSONText.quoted(version.name)),\"ready\":\(isReady)}", status: isReady ? 200 : 400)
  }

  static func modelMetadata(_ metadata: ModelMetadata) -> HTTPResponse {
    func list(_ tensors: [TensorDescription]) -> String {
      let entries = tensors.map { tensor in
        """
        {"name":\(JSONText.quoted(tensor.name)),"datatype":"\(tensor.datatype.rawValue)",\
        "shape":\(InferValidation.text(tensor.shape))}
        """
      }
      return "[\(entries.joined(separator: ","))]"
    }
    let versions = metadata.versions.map { "\"\($0)\"" }.joined(separator: ",")
    return json(
      """
      {"name":\(JSONText.quoted(metadata.name)),"versions":[\(versions)],\
      "platform":\(JSONText.quoted(metadata.platform)),"inputs":\(list(metadata.inputs)),"outputs":\(list(metadata.outputs))}
      """
    )
  }

  static func inferred(_ encoded: RESTInferEncoder.Encoded) -> HTTPResponse {
    guard let length = encoded.jsonLength else { return HTTPResponse(status: 200, body: encoded.body) }
    return HTTPResponse(
      status: 200,
      contentType: "application/octet-stream",
      fields: [("Inference-Header-Content-Length", String(length))],
      body: encoded.body
    )
  }

  static func error(_ error: ServingError) -> HTTPResponse {
    switch error.kind {
    case .invalid: return Self.error(status: 400, error.message)
    case .notFound: return Self.error(status: 404, error.message)
    case .methodNotAllowed(let allowed): return Self.error(status: 405, error.message, [("Allow", allowed)])
    case .unsupported: return Self.error(status: 400, error.message)
    case .unsupportedEncoding:
      return Self.error(status: 415, error.message, [("Accept-Encoding", "gzip, deflate")])
    case .tooLarge: return Self.error(status: 413, error.message)
    case .failed: return Self.error(status: 500, error.message)
    case .unavailable: return Self.error(status: 503, error.message, [("Retry-After", "1")])
    case .deadlineExceeded: return Self.error(status: 503, error.message)
    case .cancelled: return Self.error(status: 499, error.message)
    }
  }

  static func error(status: Int, _ message: String, _ fields: [(name: String, value: String)] = []) -> HTTPResponse {
    json("{\"error\":\(JSONText.quoted(message))}", status: status, fields: fields)
  }

  static func json(
    _ text: String,
    status: Int = 200,
    fields: [(name: String, value: String)] = []
  ) -> HTTPResponse {
    HTTPResponse(status: status, fields: fields, body: ByteBuffer(string: text))
  }
}
