import Crypto
package import FleetCore
package import Foundation
import X509

/// A certificate with its key and its authority in PEM form, in memory only.
package struct CertificateTexts: Sendable, Equatable {
  package let authority: String
  package let certificate: String
  package let key: String
}

extension CertificateAuthority {
  /// Certificates for simulated nodes, which are one process: they share a key, and nothing of them touches the disk, so that
  /// thousands take a second. No box may be run with these.
  package func issueSimulatedNodes(
    _ names: [NodeName],
    from start: Date = Date(),
    validity: TimeInterval = defaultLeafValidity
  ) throws(CommandError) -> [CertificateTexts] {
    let nodeKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let keyText = try Issuance.pem(nodeKey)
    let authorityText = try Issuance.pem(certificate)
    var issued: [CertificateTexts] = []
    issued.reserveCapacity(names.count)
    for name in names {
      let leaf = try Issuance.leaf(
        CertificateName(fleet: fleet, holder: .node(name)),
        publicKey: nodeKey.publicKey,
        authority: certificate,
        authorityKey: key,
        from: start,
        until: min(start.addingTimeInterval(validity), certificate.notValidAfter)
      )
      issued.append(CertificateTexts(authority: authorityText, certificate: try Issuance.pem(leaf), key: keyText))
    }
    return issued
  }
}
