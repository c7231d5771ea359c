/// How a version came to a node, and what that took of the line to its store.
package struct Delivery: Sendable, Equatable, Codable {
  /// Bytes of files and deltas that went over the line to the store, those of attempts that broke off among them.
  package var sentBytes: UInt64
  /// What the node lacked of the version.
  package var missingBytes: UInt64
  /// Whose files deltas were made against; empty when there were none.
  package var bases: [ModelVersion]
  /// Who of the store gave what was missing; empty when nobody did.
  package var siblings: [NodeName]
  /// Why it did not come in a cheaper way, in words; empty when nothing was wrong with that.
  package var fallbacks: [String]

  package init(
    sentBytes: UInt64 = 0,
    missingBytes: UInt64 = 0,
    bases: [ModelVersion] = [],
    siblings: [NodeName] = [],
    fallbacks: [String] = []
  ) {
    self.sentBytes = sentBytes
    self.missingBytes = missingBytes
    self.bases = bases
    self.siblings = siblings
    self.fallbacks = fallbacks
  }

  package var savedBytes: UInt64 { missingBytes > sentBytes ? missingBytes - sentBytes : 0 }
}
