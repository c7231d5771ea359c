package import FleetCore
import FoundationEssentials

/// Which version is served: every change is one atomic step on the disk.
extension ModelRepository {
  /// Makes a version the one that is served, on probation unless it has served one, and drops versions that nobody needs.
  package func switchActive(to version: ModelVersion, digest: ModelDigest) throws(CommandError) {
    guard versions[version]?.digest == digest else {
      throw CommandError(.notFound, "\(version) is not on this node's disk any more; push it again")
    }
    var next = active
    next.switchTo(version, digest: digest, at: date().timeIntervalSince1970)
    try save(next, "switch to \(version)")
    dropUnneeded(of: version)
  }

  /// Ends the probation of the active version: it is the last good one now.
  package func confirm(_ version: ModelVersion, digest: ModelDigest) throws(CommandError) {
    var next = active
    guard next.confirm(version, digest: digest) else {
      throw CommandError(.conflict, notActive(version, digest))
    }
    try save(next, "confirm \(version)")
  }

  /// A version could not be loaded here, which is worth knowing before the next attempt. Nothing when it is not here.
  package func remember(_ version: ModelVersion, digest: ModelDigest, reason: String) throws(CommandError) {
    guard versions[version]?.digest == digest else { return }
    var next = active
    next.remember(version, digest: digest, reason: reason)
    try save(next, "note what is wrong with \(version)")
  }

  /// Has one of `suspects`, which crash again and again, not served any more: of the active ones that have a predecessor the one that
  /// became active last, since what has served for long is rarely to blame.
  package func retire(_ suspects: [ModelVersion], reason: String) throws(CommandError) -> Retirement {
    func since(_ version: ModelVersion) -> Double { active.models[version.name]?.since ?? 0 }
    let served = suspects.filter { active.role(of: $0) == .active }
    let replaceable = served.filter { active.models[$0.name]?.previous != nil }.max { since($0) < since($1) }
    let beside = suspects.first { active.role(of: $0) != .active && versions[$0] != nil }
    guard let version = replaceable ?? beside, let digest = versions[version]?.digest else {
      guard let kept = served.first ?? suspects.first else { throw CommandError(.invalid, "no version is suspected") }
      return Retirement(version: kept)
    }
    var next = active
    let previous = active.models[version.name]?.previous
    guard next.retire(version, digest: digest, reason: reason, at: date().timeIntervalSince1970) else {
      return Retirement(version: version)
    }
    try save(next, "go back from \(version)")
    guard version == replaceable, let previous else { return Retirement(version: version, outcome: .leftOut) }
    return Retirement(
      version: version,
      outcome: .wentBack(to: ModelVersion(name: version.name, number: previous.version))
    )
  }

  /// From now on `version` is not dropped, until another is held or none.
  package func hold(_ version: ModelVersion?) { held = version }

  private func save(_ next: ActiveVersions, _ what: String) throws(CommandError) {
    guard next != active else { return }
    try saying(what) { try disk.replace(folder.active, with: next.bytes) }
    active = next
    revision += 1
  }
}
