import FoundationEssentials

/// Why a version is not taken: each attack and each slip has words of its own.
package enum SignatureRefusal: Error, Sendable, Equatable {
  case unsigned
  /// Not a signature at all, whoever made it.
  case malformed([String])
  /// Made with a key that is not trusted; the fingerprints of the key and of those that are.
  case foreignKey(String, trusted: [String])
  /// Made with a trusted key, but for other bytes than these.
  case tampered(key: String)
  /// Made with a trusted key by the OpenSSF tool, over files that are not this version.
  case otherStatement(key: String, String)
  /// Replayed: `seen` is the highest counter that was taken of this model's name.
  case older(counter: UInt64, seen: UInt64)
  /// The same for the OpenSSF tool's signatures, which have no counter: the version's number is one.
  case olderNumber(seen: UInt64)
  /// One counter for two different contents: which of them is the later one cannot be told.
  case reused(counter: UInt64)
  case expired(at: UInt64, now: Double)
  /// It came before signatures were required, or what was known of its signature is lost.
  case heldUnsigned

  package func error(_ version: ModelVersion) -> CommandError {
    switch self {
    case .unsigned:
      CommandError(
        .denied,
        "\(version) is not signed, and this node takes only what is; 'fleet sign' signs it, then push it again"
      )
    case .malformed(let problems):
      CommandError(.invalid, problems.map { "\(version): \($0)" }.joined(separator: "\n"))
    case .foreignKey(let key, let trusted):
      CommandError(
        .denied,
        "\(version) is signed with the key \(PublicKey.short(key)), which this node does not trust "
          + "(it trusts \(trusted.map { PublicKey.short($0) }.joined(separator: ", "))); sign it with one of those, "
          + "or give the node the other key with --trusted-key"
      )
    case .tampered(let key):
      CommandError(
        .corrupt,
        "\(version): the signature by \(PublicKey.short(key)) is not of this manifest: one of the two was changed after "
          + "it was signed; find out by whom before you sign it again"
      )
    case .otherStatement(let key, let problem):
      CommandError(.corrupt, "\(version): model.sig by \(PublicKey.short(key)) does not speak for it: \(problem)")
    case .older(let counter, let seen):
      CommandError(
        .denied,
        "\(version) is signed with the counter \(counter), but one with \(seen) was seen already: an old version may be "
          + "replayed; if it is meant, 'fleet rollback' goes back to it, or 'fleet sign' signs it anew"
      )
    case .olderNumber(let seen):
      CommandError(
        .denied,
        "\(version) comes with model.sig, which has no counter, so version numbers must grow, but \(version.name)@\(seen) was seen "
          + "already; 'fleet rollback' goes back to an old one, or give it a higher number"
      )
    case .reused(let counter):
      CommandError(
        .denied,
        "\(version) is signed with the counter \(counter), which other contents of this model were signed with too; "
          + "'fleet sign' signs it anew with a higher one"
      )
    case .expired(let time, let now):
      CommandError(
        .denied,
        "the signature of \(version) expired at \(Self.text(Double(time))), and this node's clock says \(Self.text(now)); "
          + "'fleet sign' signs it anew"
      )
    case .heldUnsigned:
      CommandError(
        .denied,
        "\(version) is on this node without a signature that it knows; sign it and push it again, its files stay"
      )
    }
  }

  private static func text(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: min(max(seconds, 0), Double(ManifestSignature.latestExpiry))).formatted(.iso8601)
  }
}
