package import FleetCore
package import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// TLS between the engines of a store: each end shows its node's certificate, and takes only that of a node of the same store.
package struct SiblingTLS: Sendable {
  private let credentials: Credentials
  private let store: String
  private let accepting: NIOSSLContext
  private let dialling: NIOSSLContext

  /// Throws `.invalid` when the credentials are not a node's, or TLS cannot use them.
  package init(_ credentials: Credentials) throws(CommandError) {
    guard case .node(let name) = credentials.name.holder else {
      throw CommandError(.invalid, "an engine was given the certificate of \(credentials.name); it needs its node's")
    }
    self.credentials = credentials
    store = name.store
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(credentials.certificateText.utf8))
        .map(NIOSSLCertificateSource.certificate)
      let key = NIOSSLPrivateKeySource.privateKey(
        try NIOSSLPrivateKey(bytes: Array(credentials.keyText.utf8), format: .pem)
      )
      let roots = NIOSSLTrustRoots.certificates(
        try NIOSSLCertificate.fromPEMBytes(Array(credentials.authorityText.utf8))
      )
      func context(_ configuration: TLSConfiguration) throws -> NIOSSLContext {
        var configuration = configuration
        configuration.certificateChain = chain
        configuration.privateKey = key
        configuration.trustRoots = roots
        // Boxes move, their names stay: the name is checked by us.
        configuration.certificateVerification = .noHostnameVerification
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
      }
      accepting = try context(.makeServerConfiguration(certificateChain: chain, privateKey: key))
      dialling = try context(.makeClientConfiguration())
    } catch {
      throw CommandError(.invalid, "the certificate of \(name) cannot be used: \(error)")
    }
  }

  /// For a connection that a sibling opened.
  package var serverHandler: any ChannelHandler {
    NIOSSLServerHandler(context: accepting, customVerificationCallback: verification(of: nil))
  }

  /// For a connection to `sibling`; to any node of the store when it is nil.
  package func clientHandler(to sibling: NodeName?) throws -> any ChannelHandler {
    try NIOSSLClientHandler(
      context: dialling,
      serverHostname: nil,
      customVerificationCallback: verification(of: sibling)
    )
  }

  private func verification(of expected: NodeName?) -> NIOSSLCustomVerificationCallback {
    { [self] certificates, promise in
      // The chain ends with the certificate that is shown: the authority issues no others.
      let shown = certificates.first.flatMap { try? Certificate(derEncoded: $0.toDERBytes()) }
      promise.completeWithTask { await isSibling(shown, expected) ? .certificateVerified : .failed }
    }
  }

  private func isSibling(_ certificate: Certificate?, _ expected: NodeName?) async -> Bool {
    guard let certificate, let name = CertificateName(of: certificate), name.fleet == credentials.name.fleet,
      case .node(let node) = name.holder, node.store == store, expected.map({ $0 == node }) ?? true
    else { return false }
    var verifier = Verifier(rootCertificates: CertificateStore([credentials.authority])) { RFC5280Policy() }
    let result = await verifier.validate(leaf: certificate, intermediates: CertificateStore([]))
    return if case .validCertificate = result { true } else { false }
  }
}
