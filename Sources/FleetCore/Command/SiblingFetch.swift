/// Has a node bring a staged version from a sibling, so that the line to the store carries it once.
package struct FetchOrder: Sendable, Equatable {
  package var digest: ModelDigest
  package var sibling: NodeName
  /// Where the sibling answers, HOST:PORT.
  package var address: String
  /// The most that the node may take; nil for as fast as it goes.
  package var bytesPerSecond: UInt64?

  package init(digest: ModelDigest, sibling: NodeName, address: String, bytesPerSecond: UInt64? = nil) {
    self.digest = digest
    self.sibling = sibling
    self.address = address
    self.bytesPerSecond = bytesPerSecond
  }
}

/// Some bytes of a file of a complete version.
package struct FilePart: Sendable, Equatable {
  package var digest: ModelDigest
  package var path: String
  package var offset: UInt64
  /// At most `FileTransfer.maximumPieceBytes`.
  package var count: Int

  package init(digest: ModelDigest, path: String, offset: UInt64, count: Int) {
    self.digest = digest
    self.path = path
    self.offset = offset
    self.count = count
  }
}

/// An agent that gives and takes nothing from node to node.
extension NodeAgent {
  package var canFetch: Bool { false }
  package var siblingAddress: String? { nil }

  package func fetch(
    _ order: FetchOrder,
    _ tell: @escaping @Sendable (_ received: UInt64) -> Void
  ) async throws(CommandError) {
    throw CommandError(.invalid, "\(name) does not fetch from siblings")
  }

  package func read(_ part: FilePart) async throws(CommandError) -> [UInt8] {
    throw CommandError(.invalid, "\(name) does not give files to siblings")
  }
}
