package import FleetCore

/// One version on the operator's disk.
package struct LocalModel: Sendable, Equatable {
  package var manifest: ModelManifest
  /// Where its files lie.
  package var folder: String
  /// Nil when nobody has signed it.
  package var signature: ManifestSignature?

  package init(manifest: ModelManifest, folder: String, signature: ManifestSignature? = nil) {
    self.manifest = manifest
    self.folder = folder
    self.signature = signature
  }

  package var version: ModelVersion { manifest.version }

  /// Reads `folder/manifest.json`, and `signature.json` or else `model.sig` where it is. Throws `.notFound` or `.invalid` with the folder's path in front.
  package init(folder: String) throws(CommandError) {
    self = try LocalModel(unsigned: folder)
    signature = try readSignature()
  }

  /// Nil when nobody has signed it.
  func readSignature() throws(CommandError) -> ManifestSignature? {
    if let signature = try Self.signature(in: folder) { return signature }
    let (name, limit) = (ManifestSignature.bundleFileName, ManifestSignature.maximumBundleBytes)
    guard let bytes = try ModelFile.small(name, in: folder, limit: limit) else { return nil }
    return try Self.blaming(folder) { () throws(CommandError) in try ManifestSignature(bundle: bytes, of: version) }
  }

  /// Does without the signature: for who is about to sign it anew.
  package init(unsigned folder: String) throws(CommandError) {
    let name = ModelManifest.fileName
    guard let bytes = try ModelFile.small(name, in: folder, limit: ModelManifest.maximumManifestBytes) else {
      throw CommandError(
        .notFound,
        "\(folder)/\(name): cannot be read; a version is a folder with its files and a manifest.json"
      )
    }
    self.init(
      manifest: try Self.blaming(folder) { () throws(CommandError) in try ModelManifest(parsing: bytes) },
      folder: folder
    )
  }

  /// Nil when there is no `signature.json`.
  static func signature(in folder: String) throws(CommandError) -> ManifestSignature? {
    let limit = ManifestSignature.maximumFileBytes
    guard let bytes = try ModelFile.small(ManifestSignature.fileName, in: folder, limit: limit) else { return nil }
    return try blaming(folder) { () throws(CommandError) in try ManifestSignature(parsing: bytes) }
  }

  /// Everything in which the files differ from the manifest, a line each. Reads all of them.
  package var fileProblems: [String] {
    manifest.files.compactMap { file in
      do throws(CommandError) {
        guard try ModelFile.hash(of: file, in: self) != file.sha256 else { return nil }
        return "\(folder)/\(file.path): its contents are not those of the manifest; export \(version) again"
      } catch {
        return error.message
      }
    }
  }

  private static func blaming<Value>(_ folder: String, _ body: () throws(CommandError) -> Value) throws(CommandError)
    -> Value
  {
    do throws(CommandError) {
      return try body()
    } catch {
      throw CommandError(
        error.code,
        error.message.split(separator: "\n").map { "\(folder): \($0)" }.joined(separator: "\n")
      )
    }
  }
}
