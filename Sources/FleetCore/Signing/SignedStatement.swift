/// What a signature of a manifest is a signature of, byte for byte.
///
///     fleet manifest signature v1
///     manifest sha256:4f0c...
///     version 3
///     counter 1764107105
///     expires 1771883105
///     name tag-reader
///
/// UTF-8, each line ended by one line feed, nothing else. The first line keeps the signature from meaning anything elsewhere. The digest
/// is that of the manifest's canonical bytes, which hold name and version too: they stand here for a verifier that has only the
/// digest. Numbers are decimal, without sign and leading zeros; `expires` is Unix time in whole seconds, or `never`. The name is
/// last, since it is the only line whose text is free: every sequence of bytes is the statement of at most one set of values.
package struct SignedStatement: Sendable, Equatable {
  package static let domain = "fleet manifest signature v1"

  package var digest: ModelDigest
  package var version: ModelVersion
  package var counter: UInt64
  /// Unix time in seconds; nil for never.
  package var expires: UInt64?

  package init(digest: ModelDigest, version: ModelVersion, counter: UInt64, expires: UInt64?) {
    self.digest = digest
    self.version = version
    self.counter = counter
    self.expires = expires
  }

  package var bytes: [UInt8] {
    let lines = [
      Self.domain, "manifest \(digest.text)", "version \(version.number)", "counter \(counter)",
      "expires \(expires.map { "\($0)" } ?? "never")", "name \(version.name)",
    ]
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }
}
