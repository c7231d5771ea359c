package import FleetCore
package import FoundationEssentials
import GRPCNIOTransportHTTP2
import SwiftASN1
import X509

/// Who we are and whom we trust: the fleet's authority, our certificate and its key, read once from PEM files.
///
/// An expired certificate is no error here: an agent whose certificate ran out goes on serving its store, and the peer's
/// refusal names the cause.
package struct Credentials: Sendable {
  package let name: CertificateName
  /// When our certificate ends.
  package let expires: Date

  let authority: Certificate
  let authorityText: String
  let certificateText: String
  let keyText: String

  /// Reads the three files. Throws `.invalid` with every problem found: unreadable files, a key that is not the
  /// certificate's, a certificate of another authority or without a name of ours.
  package init(
    authorityFile: String,
    certificateFile: String,
    keyFile: String
  ) throws(CommandError) {
    var problems: [String] = []
    try self.init(
      authority: (authorityFile, Self.text(of: authorityFile, &problems)),
      certificate: (certificateFile, Self.text(of: certificateFile, &problems)),
      key: (keyFile, Self.text(of: keyFile, &problems)),
      problems
    )
  }

  /// The same from texts in PEM form that are in no file. Throws as the other one does.
  package init(authority: String, certificate: String, key: String) throws(CommandError) {
    try self.init(authority: ("authority", authority), certificate: ("certificate", certificate), key: ("key", key), [])
  }

  /// Each text with its name in messages; what is missing is among the `problems` already.
  private init(
    authority: (name: String, text: String?),
    certificate: (name: String, text: String?),
    key: (name: String, text: String?),
    _ earlier: [String]
  ) throws(CommandError) {
    var problems = earlier
    let (authorityFile, certificateFile, keyFile) = (authority.name, certificate.name, key.name)
    let (authorityText, certificateText, keyText) = (authority.text, certificate.text, key.text)
    let authority = Self.certificate(authorityText, in: authorityFile, &problems)
    let certificate = Self.certificate(certificateText, in: certificateFile, &problems)
    var key: Certificate.PrivateKey?
    if let keyText {
      key = try? Certificate.PrivateKey(pemEncoded: keyText)
      if key == nil { problems.append("'\(keyFile)' is not a private key in PEM form") }
    }
    if let key, let certificate, key.publicKey != certificate.publicKey {
      problems.append("'\(keyFile)' is not the key of '\(certificateFile)'")
    }
    if let authority, let certificate, !authority.publicKey.isValidSignature(certificate.signature, for: certificate) {
      problems.append(
        "'\(certificateFile)' was not issued by the authority in '\(authorityFile)'; 'fleet ca issue' issues one"
      )
    }
    let name = certificate.flatMap(CertificateName.init(of:))
    if certificate != nil, name == nil {
      problems.append(
        "'\(certificateFile)' names neither a node nor an operator; 'fleet ca issue' issues one that does"
      )
    }
    guard problems.isEmpty, let authority, let certificate, let name, let authorityText, let certificateText,
      let keyText
    else { throw CommandError(.invalid, problems.joined(separator: "\n")) }
    self.name = name
    expires = certificate.notValidAfter
    self.authority = authority
    self.authorityText = authorityText
    self.certificateText = certificateText
    self.keyText = keyText
  }

  /// The same certificate with the trust of `other`, however ill they match.
  init(_ own: Credentials, trusting other: Credentials) {
    name = own.name
    expires = own.expires
    authority = other.authority
    authorityText = other.authorityText
    certificateText = own.certificateText
    keyText = own.keyText
  }

  var certificateChain: [TLSConfig.CertificateSource] { [.bytes(Array(certificateText.utf8), format: .pem)] }
  var privateKey: TLSConfig.PrivateKeySource { .bytes(Array(keyText.utf8), format: .pem) }
  var trustRoots: TLSConfig.TrustRootsSource {
    .certificates([.bytes(Array(authorityText.utf8), format: .pem)])
  }

  private static func text(of path: String, _ problems: inout [String]) -> String? {
    guard let data = FileManager.default.contents(atPath: path) else {
      let why = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist"
      problems.append("'\(path)' \(why)")
      return nil
    }
    return String(decoding: data.prefix(1 << 20), as: UTF8.self)
  }

  private static func certificate(_ text: String?, in path: String, _ problems: inout [String]) -> Certificate? {
    guard let text else { return nil }
    guard let certificate = try? Certificate(pemEncoded: text) else {
      problems.append("'\(path)' is not a certificate in PEM form")
      return nil
    }
    return certificate
  }
}

extension CertificateName {
  /// Nil unless the certificate has exactly one URI name, and that is one of ours.
  init?(of certificate: Certificate) {
    guard let names = try? certificate.extensions.subjectAlternativeNames else { return nil }
    let uris = names.compactMap { name in
      if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
    }
    guard uris.count == 1 else { return nil }
    self.init(uri: uris[0])
  }
}
