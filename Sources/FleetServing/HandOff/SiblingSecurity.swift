import FleetCore
package import FleetWire

/// How an engine speaks with those of its siblings.
package enum SiblingSecurity: Sendable {
  /// Plain HTTP, for an engine without a certificate.
  case plain
  case tls(SiblingTLS)
  /// It should be TLS and cannot be: nothing is handed on, and nothing taken that comes so.
  case broken(String)

  /// By the files of a node's certificate; plain without any.
  package init(authority: String?, certificate: String?, key: String?) {
    guard let authority, let certificate, let key else {
      self = .plain
      return
    }
    do throws(CommandError) {
      let credentials = try Credentials(authorityFile: authority, certificateFile: certificate, keyFile: key)
      self = .tls(try SiblingTLS(credentials))
    } catch {
      self = .broken(error.message)
    }
  }

  /// Nil unless connections may come over it.
  var tls: SiblingTLS? {
    if case .tls(let tls) = self { tls } else { nil }
  }
}
