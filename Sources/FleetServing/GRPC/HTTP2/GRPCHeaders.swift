import NIOHPACK

/// The header lists of answers, made once. HPACK sends the fixed ones as a byte a field from the second time on.
enum GRPCHeaders {
  static let begin = HPACKHeaders([
    (":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,deflate,gzip"),
  ])

  /// For answers that may be compressed.
  static func begin(_ encoding: ContentEncoding?) -> HPACKHeaders {
    guard let encoding else { return begin }
    var headers = begin
    headers.add(name: "grpc-encoding", value: encoding.rawValue)
    return headers
  }

  static let ok = HPACKHeaders([("grpc-status", "0")])

  /// At the end of what began with `begin`.
  static func end(_ status: GRPCStatus) -> HPACKHeaders {
    status == .ok ? ok : HPACKHeaders(fields(status))
  }

  /// The whole of an answer without a message ("Trailers-Only").
  static func only(_ status: GRPCStatus) -> HPACKHeaders {
    var headers = begin
    headers.add(contentsOf: fields(status))
    return headers
  }

  /// The whole of an answer to what was not gRPC.
  static func refusal(httpStatus: String) -> HPACKHeaders {
    HPACKHeaders([(":status", httpStatus), ("content-length", "0")])
  }

  private static func fields(_ status: GRPCStatus) -> [(String, String)] {
    let code = ("grpc-status", String(status.code.rawValue))
    return status.message.isEmpty ? [code] : [code, ("grpc-message", status.encodedMessage)]
  }
}
