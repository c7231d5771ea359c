package import FleetCore

/// Which file it is: how long, and the SHA-256 of its bytes in hexadecimal.
package struct FileIdentity: Sendable, Equatable {
  package var bytes: UInt64
  package var sha256: String

  package init(bytes: UInt64, sha256: String) {
    self.bytes = bytes
    self.sha256 = sha256
  }

  package init(_ file: ModelManifest.File) {
    self.init(bytes: file.bytes, sha256: file.sha256)
  }

  /// Reads all of `source`.
  package init(of source: some ByteSource) throws(CommandError) {
    var hasher = SHA256Text.Hasher()
    try source.read { hasher.update($0) }
    self.init(bytes: source.count, sha256: hasher.finish())
  }
}
