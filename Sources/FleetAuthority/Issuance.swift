import FleetCore
import Foundation
import SwiftASN1
import X509

/// What stands in our certificates (RFC 5280). The authority signs leaves directly; there are no intermediates.
enum Issuance {
  static func authority(
    fleet: String,
    key: Certificate.PrivateKey,
    from start: Date,
    validity: TimeInterval
  ) throws(CommandError) -> Certificate {
    try making {
      let name = try DistinguishedName {
        OrganizationName(fleet)
        CommonName("fleet authority")
      }
      return try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: key.publicKey,
        notValidBefore: backdated(start),
        notValidAfter: start.addingTimeInterval(validity),
        issuer: name,
        subject: name,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(hash: key.publicKey)
        },
        issuerPrivateKey: key
      )
    }
  }

  static func leaf(
    _ name: CertificateName,
    publicKey: Certificate.PublicKey,
    authority: Certificate,
    authorityKey: Certificate.PrivateKey,
    from start: Date,
    until end: Date
  ) throws(CommandError) -> Certificate {
    // Nodes may call as well, to be refused in words rather than by a TLS alert: their name, not their key's usage,
    // keeps them from operating other nodes.
    let usages: [ExtendedKeyUsage.Usage] =
      switch name.holder {
      case .node: [.serverAuth, .clientAuth]
      case .operator: [.clientAuth]
      }
    return try making {
      try Certificate(
        version: .v3,
        serialNumber: Certificate.SerialNumber(),
        publicKey: publicKey,
        notValidBefore: backdated(start),
        notValidAfter: end,
        issuer: authority.subject,
        subject: try DistinguishedName {
          OrganizationName(name.fleet)
          CommonName(String(name.description.suffix(64)))
        },
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage(usages)
          SubjectAlternativeNames([.uniformResourceIdentifier(name.uri)])
          SubjectKeyIdentifier(hash: publicKey)
          AuthorityKeyIdentifier(
            keyIdentifier: try authority.extensions.subjectKeyIdentifier?.keyIdentifier
          )
        },
        issuerPrivateKey: authorityKey
      )
    }
  }

  /// Nil when `certificate` is not one that `authority` above makes.
  static func fleet(of certificate: Certificate) -> String? {
    guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else { return nil }
    for part in certificate.subject {
      for attribute in part where attribute.type == .RDNAttributeType.organizationName {
        return String(attribute.value)
      }
    }
    return nil
  }

  static func pem(_ certificate: Certificate) throws(CommandError) -> String {
    try making { try certificate.serializeAsPEM().pemString + "\n" }
  }

  static func pem(_ key: Certificate.PrivateKey) throws(CommandError) -> String {
    try making { try key.serializeAsPEM().pemString + "\n" }
  }

  /// Clocks of boxes differ: a certificate is valid from 5 min before it is made.
  private static func backdated(_ start: Date) -> Date { start.addingTimeInterval(-300) }

  private static func making<Value>(_ make: () throws -> Value) throws(CommandError) -> Value {
    do {
      return try make()
    } catch {
      throw CommandError(.failed, "the certificate could not be made: \(error)")
    }
  }
}
