/// Which versions a node takes, by who signed them and when. No I/O and no clock of its own: it says what has to be remembered
/// before a version is accepted.
///
/// With no trusted key everything is taken. Otherwise a version must be signed by one of them, with a counter not below one seen before for
/// this model's name, and not be expired. Two things are excepted: a version that is active already stays so, whatever its counter
/// and its expiry, since nothing changes; and a deliberate rollback, see `checkRollback`.
package struct SignaturePolicy: Sendable, Equatable {
  package let trusted: TrustedKeys
  package private(set) var memory: SignatureMemory

  package init(trusted: TrustedKeys, memory: SignatureMemory = SignatureMemory()) {
    self.trusted = trusted
    self.memory = memory
  }

  package var isSignatureRequired: Bool { !trusted.isEmpty }

  /// Asks before a version is staged. `memory` must be on the disk before it is. `complete` are the versions that the node holds.
  package mutating func admit(
    _ manifest: ModelManifest,
    _ signature: ManifestSignature?,
    isActive: Bool,
    complete: Set<ModelDigest>,
    at now: Double
  ) throws(SignatureRefusal) {
    guard isSignatureRequired else { return }
    guard let signature else { throw .unsigned }
    let digest = manifest.digest
    try trusted.verify(signature, of: manifest.version, digest: digest)
    if !isActive { try check(signature, of: manifest.version, digest: digest, at: now) }
    memory.accept(signature, of: manifest.version, digest: digest, complete: complete)
  }

  /// Asks before a version that the node holds is activated. A newer one may have come since it was staged, or its time may be up.
  package func checkActivation(of version: ModelVersion, digest: ModelDigest, isActive: Bool, at now: Double)
    throws(SignatureRefusal)
  {
    guard isSignatureRequired, !isActive else { return }
    guard let signature = memory.signature(of: digest) else { throw .heldUnsigned }
    try trusted.verify(signature, of: version, digest: digest)
    try check(signature, of: version, digest: digest, at: now)
  }

  /// Asks before the node goes back to what it served before. That is taken whatever its counter and its expiry, and also when it comes
  /// from a time without signatures: a bad version must never be the only one left. Only one whose key is trusted no more is not.
  package func checkRollback(to version: ModelVersion, digest: ModelDigest) throws(SignatureRefusal) {
    guard isSignatureRequired, let signature = memory.signature(of: digest) else { return }
    try trusted.verify(signature, of: version, digest: digest)
  }

  private func check(_ signature: ManifestSignature, of version: ModelVersion, digest: ModelDigest, at now: Double)
    throws(SignatureRefusal)
  {
    if signature.isBundle { return try checkNumber(of: version) }
    let latest = memory.latest(of: version.name, by: trusted, .ed25519)
    if let seen = latest.map(\.counter).max(), signature.counter < seen {
      throw .older(counter: signature.counter, seen: seen)
    }
    if latest.contains(where: { $0.counter == signature.counter && $0.digest != digest }) {
      throw .reused(counter: signature.counter)
    }
    if let expires = signature.expiresSeconds, now > Double(expires) { throw .expired(at: expires, now: now) }
  }

  /// The OpenSSF tool signs no counter. The number does as one, since the repository keeps one number from having two contents. All
  /// trusted keys count: what was signed the other way is not undone by an old file of this kind.
  private func checkNumber(of version: ModelVersion) throws(SignatureRefusal) {
    let seen = memory.latest(of: version.name, by: trusted).map(\.number).max() ?? 0
    if UInt64(max(0, version.number)) < seen { throw .olderNumber(seen: seen) }
  }
}
