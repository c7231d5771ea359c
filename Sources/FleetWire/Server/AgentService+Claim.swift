import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import X509

/// Who may leave service: what nodes of a store ask each other, and what a console has to say.
extension AgentService {
  func claim(request: Fleet_V1_ClaimRequest, context: ServerContext) async throws -> Fleet_V1_ClaimReply {
    try await answering { () async throws(CommandError) in
      // The rules for callers let nodes of our store alone come here.
      guard case .node(let caller) = CertificateName(calling: context)?.holder else {
        throw CommandError(.denied, "\(agent.name) makes promises to nodes of \(agent.name.store) alone")
      }
      return Fleet_V1_ClaimReply(try await agent.answer(ClaimRequest(wire: request), from: caller))
    }
  }

  func holdAutoDrain(
    request: Fleet_V1_HoldAutoDrainRequest,
    context: ServerContext
  ) async throws -> Fleet_V1_HoldAutoDrainReply {
    try await answering { () async throws(CommandError) in
      try await agent.holdAutoDrain(because: try WireValue.text(request.reason, "reason"))
      return Fleet_V1_HoldAutoDrainReply()
    }
  }
}

extension CertificateName {
  /// Who calls, by the certificate that TLS has verified; nil when that has no name of ours.
  init?(calling context: ServerContext) {
    let peer = context.transportSpecific as? HTTP2ServerTransport.Posix.Context
    guard let certificate = peer?.peerCertificate, let name = CertificateName(of: certificate) else { return nil }
    self = name
  }
}
