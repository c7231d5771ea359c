package import NIOCore
package import NIOHPACK

/// What the header list that begins a call says (gRPC over HTTP2, "Requests").
package struct GRPCRequestHead: Sendable {
  /// Why a header list begins no call.
  package enum Refusal: Error {
    /// It is not gRPC: the status of HTTP says so.
    case http(status: String)
    case grpc(GRPCStatus)
  }

  package var method: GRPCMethod
  package var deadline: NIODeadline?
  /// How its messages are compressed where they say that they are.
  package var encoding: ContentEncoding?
  package var handedOffBy: String?

  package init(_ headers: HPACKHeaders, now: NIODeadline) throws(Refusal) {
    var path: String?
    var isPost = false
    var isGRPC = false
    var encoding: String?
    var timeout: String?
    for (name, value, _) in headers {
      switch name {
      case ":method": isPost = value == "POST"
      case ":path": path = value
      case "content-type": isGRPC = value == "application/grpc" || Self.isVariant(value)
      case "grpc-timeout": timeout = value
      case "grpc-encoding": encoding = value
      case HandOff.headerName: handedOffBy = value
      default: break
      }
    }
    guard isPost else { throw .http(status: "405") }
    guard isGRPC else { throw .http(status: "415") }
    guard let path, let method = GRPCMethod(path: path) else {
      throw .grpc(GRPCStatus(.unimplemented, "no call has the path \(ServingError.quote(path ?? ""))"))
    }
    self.method = method
    switch encoding.map(ContentEncoding.named) ?? .identity {
    case .identity: break
    case .known(let known): self.encoding = known
    case .unknown:
      let name = ServingError.quote(encoding ?? "")
      throw .grpc(GRPCStatus(.unimplemented, "grpc-encoding \(name) is not taken; compress with gzip or deflate"))
    }
    guard let timeout else { return }
    guard let amount = GRPCTimeout.parse(timeout) else {
      let message = "grpc-timeout: expected digits and a unit such as '100m', found \(ServingError.quote(timeout))"
      throw .grpc(GRPCStatus(.invalidArgument, message))
    }
    deadline = now + amount
  }

  /// `application/grpc+proto` is the same; after `+` or `;` comes what the message is, and only protobuf is spoken.
  private static func isVariant(_ type: String) -> Bool {
    type.hasPrefix("application/grpc") && (type.dropFirst(16).hasPrefix("+proto") || type.dropFirst(16).first == ";")
  }
}
