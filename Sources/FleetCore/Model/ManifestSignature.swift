/// What the owner of a key says of a manifest: that these files are that version, up to when, and which word is the later one.
///
/// One of the OpenSSF model-signing tool says less: `signature` is then its whole file, JSON text, `key` the hint in it, `counter` the
/// version's number, and it never expires.
package struct ManifestSignature: Sendable, Equatable, Codable {
  /// Lower-case hexadecimal SHA-256 of the public key.
  package var key: String
  /// Grows with every signature of a model's name: a node takes none that is older than one it has seen.
  package var counter: UInt64
  /// Unix time in seconds after which it counts no more; nil for never.
  package var expires: Double?
  /// 64 bytes of Ed25519, lower-case hexadecimal; or the text of a Sigstore bundle, which begins with '{'.
  package var signature: String

  package init(key: String, counter: UInt64, expires: Double? = nil, signature: String) {
    self.key = key
    self.counter = counter
    self.expires = expires
    self.signature = signature
  }
}
