import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import X509

/// Lets operators of our fleet in, and to what siblings may ask nodes of our store. TLS has verified by now that the authority vouches
/// for the caller's certificate; what its name allows is decided here: a node must not operate another node.
struct CallerRules: ServerInterceptor {
  let node: NodeName
  let fleet: String
  /// What a node of the same store may call: it reads files of versions, and asks for promises.
  private static let forSiblings = [
    Fleet_V1_NodeAgent.Method.Read.descriptor.fullyQualifiedMethod: "gives files",
    Fleet_V1_NodeAgent.Method.Claim.descriptor.fullyQualifiedMethod: "makes promises",
  ]

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>,
    context: ServerContext,
    next:
      @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<
        Output
      >
  ) async throws -> StreamingServerResponse<Output> {
    if let refusal = refusal(to: context) { throw ErrorCoding.status(refusal) }
    return try await next(request, context)
  }

  private func refusal(to context: ServerContext) -> CommandError? {
    let peer = context.transportSpecific as? HTTP2ServerTransport.Posix.Context
    guard let certificate = peer?.peerCertificate else {
      return CommandError(.denied, "\(node) answers only callers with a certificate of fleet '\(fleet)'")
    }
    guard let name = CertificateName(of: certificate), name.fleet == fleet else {
      return CommandError(
        .denied,
        "\(node) does not know the name in the caller's certificate; it serves fleet '\(fleet)'"
      )
    }
    switch name.holder {
    case .operator: return nil
    case .node(let caller):
      if let kindness = Self.forSiblings[context.descriptor.fullyQualifiedMethod] {
        if caller.store == node.store { return nil }
        return CommandError(.denied, "\(node) \(kindness) to nodes of \(node.store) alone, and the caller is \(caller)")
      }
      return CommandError(
        .denied,
        "\(node) takes orders from operators, and the caller's certificate is that of \(name); "
          + "use one from 'fleet ca issue --operator NAME'"
      )
    }
  }
}
