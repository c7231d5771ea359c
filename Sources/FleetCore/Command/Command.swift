/// What an operator can have a node do. Each but `rollback`, which goes back and forth, may be repeated without harm.
package enum Command: Sendable, Equatable {
  /// Announces a version. The node checks the manifest, who signed it, and its space, and says which bytes it still lacks.
  case stage(ModelManifest, signature: ManifestSignature? = nil)
  /// Brings bytes of a staged version. The last byte of a file makes the node verify its hash.
  case write(FileChunk)
  /// Compiles, warms and then serves a complete version, in place of the one before, without losing a request.
  case activate(ModelVersion, digest: ModelDigest)
  /// Has the active version answer its golden set, the pictures with known answers that came with its files.
  case evaluate(ModelVersion, digest: ModelDigest)
  /// Ends the active version's probation: it is the last good one now, the one to go back to.
  case confirm(ModelVersion, digest: ModelDigest)
  /// Goes back to the last good version, which is the one before the active one unless that never ended its probation.
  case rollback(model: String)
  case drain(DrainOrder)
  case undrain(orderedBy: String)
}

/// Some bytes of one file of a staged version.
package struct FileChunk: Sendable, Equatable {
  /// Largest `bytes` a node accepts.
  package static let maximumBytes = 256 * 1024

  package var digest: ModelDigest
  package var path: String
  package var offset: UInt64
  package var bytes: [UInt8]

  package init(digest: ModelDigest, path: String, offset: UInt64, bytes: [UInt8]) {
    self.digest = digest
    self.path = path
    self.offset = offset
    self.bytes = bytes
  }
}

package struct DrainOrder: Sendable, Equatable {
  package static let defaultDeadline: Duration = .seconds(600)

  /// Required: the next person wants to know.
  package var reason: String
  package var orderedBy: String
  /// How long requests in flight may take before they are cut off.
  package var deadline: Duration
  /// Drain even if no sibling of the store can take over.
  package var isForced: Bool

  package init(reason: String, orderedBy: String, deadline: Duration = defaultDeadline, isForced: Bool = false) {
    self.reason = reason
    self.orderedBy = orderedBy
    self.deadline = deadline
    self.isForced = isForced
  }
}
