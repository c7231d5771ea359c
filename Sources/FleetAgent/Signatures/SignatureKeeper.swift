package import FleetCore
package import FoundationEssentials
package import Logging

/// Guards what the node takes: asks the policy, and has what must be remembered on the disk before anything is taken.
///
/// An actor on a thread of its own, since disks block: no order comes in between a decision and its being written.
package actor SignatureKeeper {
  private static let fileName = "signatures.json"
  /// A few hundred bytes for each model and version.
  private static let maximumBytes = 4 << 20

  private let path: String
  private let disk: Disk
  private let date: @Sendable () -> Date
  private let log: Logger
  private let executor: ThreadExecutor
  private var policy: SignaturePolicy
  /// Why nobody knows which signatures this node has seen.
  private var problem: String?

  package init(
    trusted: TrustedKeys,
    stateDirectory: String,
    disk: Disk = Disk(),
    date: @escaping @Sendable () -> Date,
    log: Logger
  ) throws {
    executor = try ThreadExecutor(name: "signatures")
    policy = SignaturePolicy(trusted: trusted)
    path = "\(stateDirectory)/\(Self.fileName)"
    self.disk = disk
    self.date = date
    self.log = log
  }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Takes up what the agent before has seen. Once, before any order.
  package func open() {
    guard policy.isSignatureRequired, disk.exists(path) else { return }
    guard let bytes = disk.contents(of: path, limit: Self.maximumBytes) else {
      return isLost("it cannot be read")
    }
    do {
      let memory = try JSONDecoder().decode(SignatureMemory.self, from: Data(bytes))
      guard memory.schema == 1 else { return isLost("schema: expected 1, found '\(memory.schema)'") }
      policy = SignaturePolicy(trusted: policy.trusted, memory: memory)
    } catch {
      isLost(JSONText.describe(error))
    }
  }

  /// Before a version is staged.
  func admit(_ manifest: ModelManifest, _ signature: ManifestSignature?, to entries: [RepositoryEntry])
    throws(CommandError)
  {
    guard policy.isSignatureRequired else { return }
    try checkMemory()
    var next = policy
    do throws(SignatureRefusal) {
      try next.admit(
        manifest,
        signature,
        isActive: Self.isActive(manifest.digest, in: entries),
        complete: Set(entries.map(\.digest)),
        at: date().timeIntervalSince1970
      )
    } catch {
      throw error.error(manifest.version)
    }
    guard next != policy else { return }
    try save(next.memory, of: manifest.version)
    policy = next
  }

  /// Before a version is activated.
  func checkActivation(of version: ModelVersion, digest: ModelDigest, in entries: [RepositoryEntry])
    throws(CommandError)
  {
    // What is not here, the repository says itself.
    guard policy.isSignatureRequired, entries.contains(where: { $0.version == version && $0.digest == digest }) else {
      return
    }
    let isActive = Self.isActive(digest, in: entries)
    if !isActive { try checkMemory() }
    do throws(SignatureRefusal) {
      try policy.checkActivation(
        of: version,
        digest: digest,
        isActive: isActive,
        at: date().timeIntervalSince1970
      )
    } catch {
      throw error.error(version)
    }
  }

  /// Before the node goes back. What it remembers being lost is no hindrance: it must be able to leave a bad version.
  func checkRollback(of model: String, in entries: [RepositoryEntry]) throws(CommandError) {
    guard let entry = entries.first(where: { $0.version.name == model && $0.role == .previous }) else { return }
    do throws(SignatureRefusal) {
      try policy.checkRollback(to: entry.version, digest: entry.digest)
    } catch {
      throw error.error(entry.version)
    }
  }

  private static func isActive(_ digest: ModelDigest, in entries: [RepositoryEntry]) -> Bool {
    entries.contains { $0.digest == digest && $0.role == .active }
  }

  private func isLost(_ why: String) {
    problem = why
    log.error("\(path): \(why); what is served goes on, nothing new is taken")
  }

  private func checkMemory() throws(CommandError) {
    guard let problem else { return }
    throw CommandError(
      .failed,
      "this node has lost its memory of the signatures that it has seen, so it cannot tell an old version that is replayed; "
        + "repair or remove '\(path)' (\(problem)) and start fleetd again"
    )
  }

  private func save(_ memory: SignatureMemory, of version: ModelVersion) throws(CommandError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
      try disk.replace(path, with: Array(try encoder.encode(memory)))
    } catch let error as SystemError where error.isNoSpace {
      throw CommandError(.noSpace, "cannot remember the signature of \(version): the disk of this node is full")
    } catch {
      throw CommandError(.failed, "cannot remember the signature of \(version): \(error)")
    }
  }
}
