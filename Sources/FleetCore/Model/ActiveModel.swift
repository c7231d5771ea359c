/// Which version of a model a node serves, and which one it goes back to.
///
/// A version is provisional until it has served its probation or was confirmed; then it is the last good one. A provisional version is
/// not one to go back to as long as a better is known:
///
///     1 good                    ─switch to 2─▶  2 provisional, back to 1
///     2 provisional, back to 1  ─switch to 3─▶  3 provisional, back to 1
///     2 provisional, back to 1  ─go back─────▶  1 good, nothing to go back to
///     2 provisional, back to 1  ─confirm─────▶  2 good, back to 1
package struct ActiveModel: Sendable, Equatable, Codable {
  package struct Entry: Sendable, Equatable, Codable {
    package var version: Int
    package var digest: ModelDigest
    package var isProvisional: Bool

    package init(version: Int, digest: ModelDigest, isProvisional: Bool = false) {
      self.version = version
      self.digest = digest
      self.isProvisional = isProvisional
    }

    private enum CodingKeys: String, CodingKey { case version, digest, provisional }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      version = try container.decode(Int.self, forKey: .version)
      digest = try container.decode(ModelDigest.self, forKey: .digest)
      // Files of before have no probation: what they name has served.
      isProvisional = try container.decodeIfPresent(Bool.self, forKey: .provisional) ?? false
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(version, forKey: .version)
      try container.encode(digest, forKey: .digest)
      if isProvisional { try container.encode(true, forKey: .provisional) }
    }

    package func isSame(_ version: Int, _ digest: ModelDigest) -> Bool {
      self.version == version && self.digest == digest
    }
  }

  package private(set) var active: Entry
  package private(set) var previous: Entry?
  /// When it became active, as Unix time in seconds; nil in files of before.
  package private(set) var since: Double?

  package init(active: Entry, previous: Entry? = nil, since: Double? = nil) {
    self.active = active
    self.previous = previous
    self.since = since
  }

  /// Serves another version. `isUnfit` tells of versions that are not to be gone back to.
  package mutating func switchTo(
    _ version: Int,
    digest: ModelDigest,
    at seconds: Double?,
    unless isUnfit: (Entry) -> Bool = { _ in false }
  ) {
    if active.isSame(version, digest) { return }
    let isReturn = previous?.isSame(version, digest) == true
    let next = isReturn ? previous : nil
    var candidates = [active.isProvisional ? nil : active, isReturn ? nil : previous]
    // Better one that has yet to prove itself than none.
    if !isReturn { candidates.append(active) }
    let fallback = candidates.compactMap { $0 }.first { !isUnfit($0) }
    self = ActiveModel(
      active: next ?? Entry(version: version, digest: digest, isProvisional: true),
      previous: fallback,
      since: seconds
    )
  }

  /// The active version is good.
  package mutating func confirm() { active.isProvisional = false }

  /// The active version is not to be served any more. False when there is none to go back to.
  package mutating func abandon(at seconds: Double?) -> Bool {
    guard let previous else { return false }
    self = ActiveModel(active: previous, since: seconds)
    return true
  }

  /// There is nothing to go back to any more.
  package mutating func forgetPrevious() { previous = nil }
}
