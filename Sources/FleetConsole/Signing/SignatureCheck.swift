package import FleetCore
package import Foundation

/// What is to be said of a version's signature, as a node with these trusted keys and this time would see it.
package struct SignatureCheck: Sendable, Equatable {
  package var model: LocalModel
  /// Everything that speaks against it, a line each; empty when a node takes it.
  package var problems: [String]

  /// Reads every file of `folder`. Throws when there is no version.
  package init(of folder: String, trusted: TrustedKeys, at now: Date) throws(CommandError) {
    model = try LocalModel(unsigned: folder)
    problems = model.fileProblems
    do throws(CommandError) {
      model.signature = try model.readSignature()
    } catch {
      problems += error.message.split(separator: "\n").map(String.init)
      return
    }
    let version = model.version
    guard let signature = model.signature else {
      problems.append(
        "\(version) is not signed: \(folder)/\(ManifestSignature.fileName) is missing; 'fleet sign' writes it"
      )
      return
    }
    do throws(SignatureRefusal) {
      try trusted.verify(signature, of: version, digest: model.manifest.digest)
    } catch {
      problems.append(Self.words(error, version))
    }
    if let expires = signature.expiresSeconds, now.timeIntervalSince1970 > Double(expires) {
      problems.append(
        "the signature of \(version) expired at \(Date(timeIntervalSince1970: Double(expires)).formatted(.iso8601)); "
          + "'fleet sign' signs it anew"
      )
    }
  }

  /// The refusal's own words speak of a node.
  private static func words(_ refusal: SignatureRefusal, _ version: ModelVersion) -> String {
    guard case .foreignKey(let key, let trusted) = refusal else { return refusal.error(version).message }
    let known = trusted.map { PublicKey.short($0) }.joined(separator: ", ")
    return
      "\(version) is signed with the key \(PublicKey.short(key)), which is none of those given with --trusted (\(known))"
  }
}
