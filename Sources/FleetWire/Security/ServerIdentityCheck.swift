import FleetCore
import FoundationEssentials
import X509

/// Whether the certificate that a server shows is that of the node we meant to call, and if not, what is wrong with it.
/// The address plays no part: boxes move, their names stay.
struct ServerIdentityCheck: Sendable {
  let expected: NodeName
  let address: String
  let credentials: Credentials

  /// Throws `.denied` with the reason, in words.
  func verify(_ certificate: Certificate) async throws(CommandError) {
    let now = Date()
    let server = "\(expected) at \(address)"
    let authority = credentials.authority
    guard authority.publicKey.isValidSignature(certificate.signature, for: certificate) else {
      let issuer = certificate.issuer == certificate.subject ? "itself" : "'\(certificate.issuer)'"
      throw CommandError(
        .denied,
        "\(server) showed a certificate signed by \(issuer), not by the authority of fleet '\(credentials.name.fleet)'; "
          + "install one from 'fleet ca issue' on the node, or use the authority that issued it"
      )
    }
    guard now <= certificate.notValidAfter else {
      throw CommandError(
        .denied,
        "\(server) showed a certificate that expired on \(Self.day(certificate.notValidAfter)); "
          + "issue another one with 'fleet ca issue' and restart its agent"
      )
    }
    guard now >= certificate.notValidBefore else {
      throw CommandError(
        .denied,
        "\(server) showed a certificate that is valid from \(Self.day(certificate.notValidBefore)) on; "
          + "check the clock of this machine"
      )
    }
    guard let name = CertificateName(of: certificate) else {
      throw CommandError(.denied, "\(server) showed a certificate that names no node of a fleet")
    }
    guard name == CertificateName(fleet: credentials.name.fleet, holder: .node(expected)) else {
      let fleet = name.fleet == credentials.name.fleet ? "" : " of fleet '\(name.fleet)'"
      throw CommandError(.denied, "\(server) showed a certificate for '\(Self.holder(name))'\(fleet)")
    }
    // The words above are ours; the verdict is the library's (RFC 5280, section 6).
    var verifier = Verifier(rootCertificates: CertificateStore([authority])) { RFC5280Policy() }
    guard case .validCertificate = await verifier.validate(leaf: certificate, intermediates: CertificateStore([]))
    else {
      let now =
        now <= authority.notValidAfter ? "" : "; the authority itself expired on \(Self.day(authority.notValidAfter))"
      throw CommandError(.denied, "\(server) showed a certificate that does not hold\(now)")
    }
  }

  private static func holder(_ name: CertificateName) -> String {
    switch name.holder {
    case .node(let node): "\(node)"
    case .operator: "\(name)"
    }
  }

  /// `2026-11-23`, in UTC.
  static func day(_ date: Date) -> String {
    date.formatted(Date.ISO8601FormatStyle().year().month().day())
  }
}
