/// The public keys whose word counts. None means that nothing has to be signed.
package struct TrustedKeys: Sendable, Equatable {
  private let keys: [String: PublicKey]

  package init(_ keys: [PublicKey] = []) {
    self.keys = Dictionary(keys.map { ($0.fingerprint, $0) }) { first, _ in first }
  }

  package var isEmpty: Bool { keys.isEmpty }

  package var fingerprints: [String] { keys.keys.sorted() }

  /// Nil for a key that is not trusted.
  package func algorithm(of fingerprint: String) -> PublicKey.Algorithm? { keys[fingerprint]?.algorithm }

  /// Throws unless one of these keys signed exactly this. Says nothing of counter and expiry: those depend on who asks, and when.
  package func verify(_ signature: ManifestSignature, of version: ModelVersion, digest: ModelDigest)
    throws(SignatureRefusal)
  {
    if signature.isBundle { return try verifyBundle(signature, of: version, digest: digest) }
    let problems = signature.problems
    guard problems.isEmpty, let bytes = HexText.bytes(signature.signature, count: 64) else {
      throw .malformed(problems.map { "\(ManifestSignature.fileName): \($0)" })
    }
    let statement = SignedStatement(
      digest: digest,
      version: version,
      counter: signature.counter,
      expires: signature.expiresSeconds
    )
    guard try key(of: signature, .ed25519).isValid(bytes, for: statement.bytes) else {
      throw .tampered(key: signature.key)
    }
  }

  private func verifyBundle(_ signature: ManifestSignature, of version: ModelVersion, digest: ModelDigest)
    throws(SignatureRefusal)
  {
    let bundle = try signature.bundle(of: version)
    // First who says it, then what it says: nothing of a stranger's statement is read.
    guard try key(of: signature, .p256).isValid(bundle.signature, for: bundle.signedBytes) else {
      throw .tampered(key: signature.key)
    }
    if let problem = bundle.problem(with: digest) { throw .otherStatement(key: signature.key, problem) }
  }

  private func key(of signature: ManifestSignature, _ algorithm: PublicKey.Algorithm) throws(SignatureRefusal)
    -> PublicKey
  {
    guard let key = keys[signature.key], key.algorithm == algorithm else {
      throw .foreignKey(signature.key, trusted: fingerprints)
    }
    return key
  }
}
