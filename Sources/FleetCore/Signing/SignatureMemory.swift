/// What a node remembers of signatures. It outlives the agent.
package struct SignatureMemory: Sendable, Equatable, Codable {
  /// The latest word of a key on a model's name.
  package struct Latest: Sendable, Equatable, Codable {
    package var counter: UInt64
    /// The highest number that the key has signed, whatever the counter.
    package var number: UInt64
    package var digest: ModelDigest
  }

  /// With what a version was accepted, for its activation later on.
  package struct Accepted: Sendable, Equatable, Codable {
    package var digest: ModelDigest
    package var signature: ManifestSignature
  }

  /// Versions whose upload is under way are few; more need not be remembered besides those that are complete.
  static let spareAccepted = 16

  package private(set) var schema = 1
  /// By model, then by the key's fingerprint: a key that is not trusted any more holds up nobody with the counters it used.
  private(set) var latest: [String: [String: Latest]] = [:]
  /// The newest last.
  private(set) var accepted: [Accepted] = []

  package init() {}

  func signature(of digest: ModelDigest) -> ManifestSignature? {
    accepted.first { $0.digest == digest }?.signature
  }

  /// The last words of the trusted keys on a model; all of them, or those of one kind.
  func latest(of model: String, by trusted: TrustedKeys, _ algorithm: PublicKey.Algorithm? = nil) -> [Latest] {
    (latest[model] ?? [:]).filter { key, _ in
      trusted.algorithm(of: key).map { algorithm == nil || $0 == algorithm } ?? false
    }.map(\.value)
  }

  /// Takes note of an accepted signature, and forgets those of versions that are neither among `complete` nor recent.
  mutating func accept(
    _ signature: ManifestSignature,
    of version: ModelVersion,
    digest: ModelDigest,
    complete: Set<ModelDigest>
  ) {
    var last = latest[version.name]?[signature.key] ?? Latest(counter: 0, number: 0, digest: digest)
    last.number = max(last.number, UInt64(max(0, version.number)))
    if signature.counter >= last.counter { (last.counter, last.digest) = (signature.counter, digest) }
    latest[version.name, default: [:]][signature.key] = last
    if let known = self.signature(of: digest), known.key == signature.key, known.counter >= signature.counter { return }
    accepted.removeAll { $0.digest == digest }
    accepted.append(Accepted(digest: digest, signature: signature))
    let recent = accepted.suffix(Self.spareAccepted).map(\.digest)
    accepted.removeAll { !complete.contains($0.digest) && !recent.contains($0.digest) }
  }
}
