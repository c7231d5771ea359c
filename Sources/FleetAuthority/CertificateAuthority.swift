import Crypto
package import FleetCore
package import Foundation
import SwiftASN1
import X509

/// The fleet's own certificate authority: a folder that holds `ca.pem` and `ca.key`, and the certificates it has issued
/// as `nodes/STORE/NODE.pem` and `operators/NAME.pem`, each with its `.key` beside it.
///
/// Everybody needs `ca.pem` and a certificate with its key. `ca.key` stays with whoever may add nodes and operators.
package struct CertificateAuthority: Sendable {
  package static let certificateFile = "ca.pem"
  package static let keyFile = "ca.key"
  /// 10 years: a new authority means new certificates for every node at once.
  package static let defaultValidity: TimeInterval = 10 * 365 * 86_400
  package static let defaultLeafValidity: TimeInterval = 365 * 86_400

  package let fleet: String
  package let folder: String
  let certificate: Certificate
  let key: Certificate.PrivateKey

  /// Path of the certificate that everybody trusts.
  package var certificatePath: String { "\(folder)/\(Self.certificateFile)" }

  /// Makes an authority in `folder`, which is made when it is missing. Throws `.conflict` when one is there already.
  package static func create(
    fleet: String,
    in folder: String,
    from start: Date = Date(),
    validity: TimeInterval = defaultValidity
  ) throws(CommandError) -> CertificateAuthority {
    guard NodeName.isValidPart(fleet) else {
      throw CommandError(
        .invalid,
        "'\(fleet)' cannot be a fleet's name: use letters, digits, '.', '_' and '-', at most 63 of them"
      )
    }
    for file in [certificateFile, keyFile] where FileManager.default.fileExists(atPath: "\(folder)/\(file)") {
      throw CommandError(
        .conflict,
        "'\(folder)' holds an authority already ('\(file)'); every node of its fleet trusts it, so it is left as it is; "
          + "name another folder"
      )
    }
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let certificate = try Issuance.authority(fleet: fleet, key: key, from: start, validity: validity)
    try KeyFiles.makeFolder(folder)
    // The certificate goes last: where it is, its key is too.
    try KeyFiles.writeNew(try Issuance.pem(key), to: "\(folder)/\(keyFile)", isSecret: true)
    try KeyFiles.writeNew(try Issuance.pem(certificate), to: "\(folder)/\(certificateFile)", isSecret: false)
    return CertificateAuthority(fleet: fleet, folder: folder, certificate: certificate, key: key)
  }

  /// Opens the authority in `folder`. Throws `.notFound` when there is none, `.invalid` when its files are not right.
  package init(opening folder: String) throws(CommandError) {
    let certificatePath = "\(folder)/\(Self.certificateFile)"
    let keyPath = "\(folder)/\(Self.keyFile)"
    guard FileManager.default.fileExists(atPath: certificatePath) else {
      throw CommandError(
        .notFound,
        "'\(folder)' holds no authority ('\(Self.certificateFile)' is missing); 'fleet ca create' makes one"
      )
    }
    let certificateText = try KeyFiles.read(certificatePath)
    let keyText = try KeyFiles.read(keyPath)
    do {
      certificate = try Certificate(pemEncoded: certificateText)
    } catch {
      throw CommandError(.invalid, "'\(certificatePath)' is not a certificate in PEM form")
    }
    do {
      key = try Certificate.PrivateKey(pemEncoded: keyText)
    } catch {
      throw CommandError(.invalid, "'\(keyPath)' is not a private key in PEM form")
    }
    guard key.publicKey == certificate.publicKey else {
      throw CommandError(.invalid, "'\(keyPath)' is not the key of '\(certificatePath)'")
    }
    guard let fleet = Issuance.fleet(of: certificate) else {
      throw CommandError(.invalid, "'\(certificatePath)' is not the certificate of a fleet's authority")
    }
    self.fleet = fleet
    self.folder = folder
  }

  private init(fleet: String, folder: String, certificate: Certificate, key: Certificate.PrivateKey) {
    self.fleet = fleet
    self.folder = folder
    self.certificate = certificate
    self.key = key
  }

  /// Issues a certificate for a node's agent. `replacing` renews one that is there.
  package func issueNode(
    _ name: NodeName,
    from start: Date = Date(),
    validity: TimeInterval = defaultLeafValidity,
    replacing: Bool = false
  ) throws(CommandError) -> IssuedCertificate {
    guard NodeName("\(name)") == name else { throw CommandError(.invalid, "'\(name)' cannot be a node's name") }
    return try issue(
      CertificateName(fleet: fleet, holder: .node(name)),
      to: "\(folder)/nodes/\(name.store)/\(name.node)",
      from: start,
      validity: validity,
      replacing: replacing
    )
  }

  /// Issues a certificate for a person or a tool that operates the fleet.
  package func issueOperator(
    _ name: String,
    from start: Date = Date(),
    validity: TimeInterval = defaultLeafValidity,
    replacing: Bool = false
  ) throws(CommandError) -> IssuedCertificate {
    guard NodeName.isValidPart(name) else {
      throw CommandError(
        .invalid,
        "'\(name)' cannot be an operator's name: use letters, digits, '.', '_' and '-', at most 63 of them"
      )
    }
    return try issue(
      CertificateName(fleet: fleet, holder: .operator(name)),
      to: "\(folder)/operators/\(name)",
      from: start,
      validity: validity,
      replacing: replacing
    )
  }

  private func issue(
    _ name: CertificateName,
    to path: String,
    from start: Date,
    validity: TimeInterval,
    replacing: Bool
  ) throws(CommandError) -> IssuedCertificate {
    let issued = IssuedCertificate(name: name, certificatePath: "\(path).pem", keyPath: "\(path).key")
    if !replacing, FileManager.default.fileExists(atPath: issued.certificatePath) {
      throw CommandError(
        .conflict,
        "\(name) has a certificate already: '\(issued.certificatePath)'; '--replace' issues another one"
      )
    }
    guard start < certificate.notValidAfter else {
      throw CommandError(.invalid, "the authority in '\(folder)' has expired; 'fleet ca create' makes another one")
    }
    let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let leaf = try Issuance.leaf(
      name,
      publicKey: leafKey.publicKey,
      authority: certificate,
      authorityKey: key,
      from: start,
      until: min(start.addingTimeInterval(validity), certificate.notValidAfter)
    )
    try KeyFiles.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    try KeyFiles.replace(try Issuance.pem(leafKey), at: issued.keyPath, isSecret: true)
    try KeyFiles.replace(try Issuance.pem(leaf), at: issued.certificatePath, isSecret: false)
    return issued
  }
}

/// Where a certificate and its key were written.
package struct IssuedCertificate: Sendable, Equatable {
  package let name: CertificateName
  package let certificatePath: String
  package let keyPath: String
}
