import FoundationEssentials

/// What a version consists of: its files, each with size and hash.
///
/// Canonical form, over which the digest is taken: UTF-8 JSON without white space or a final newline, keys in the order
/// `schema name version files`, and `path bytes sha256` within a file; files sorted by path.
package struct ModelManifest: Sendable, Equatable {
  package struct File: Sendable, Equatable {
    /// Relative to the version's folder, `/` between parts, never leaving it.
    package var path: String
    package var bytes: UInt64
    /// Lower-case hexadecimal.
    package var sha256: String

    package init(path: String, bytes: UInt64, sha256: String) {
      self.path = path
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  package static let fileName = "manifest.json"
  /// Bounds that keep a hostile manifest from costing a node anything.
  package static let maximumFiles = 256
  package static let maximumManifestBytes = 1 << 20

  package let version: ModelVersion
  package let files: [File]

  package init(version: ModelVersion, files: [File]) {
    self.version = version
    self.files = files.sorted { $0.path < $1.path }
  }

  package var totalBytes: UInt64 { files.reduce(0) { $0 &+ $1.bytes } }

  package var digest: ModelDigest { ModelDigest(ofManifest: canonicalBytes) }

  package var canonicalBytes: [UInt8] {
    let entries = files.map { file in
      "{\"path\":\(JSONText.quoted(file.path)),\"bytes\":\(file.bytes),\"sha256\":\"\(file.sha256)\"}"
    }
    let name = JSONText.quoted(version.name)
    let text =
      "{\"schema\":1,\"name\":\(name),\"version\":\(version.number),\"files\":[\(entries.joined(separator: ","))]}"
    return Array(text.utf8)
  }

  /// Reads a manifest, in canonical form or not. Throws `.invalid` with every problem found.
  package init(parsing bytes: [UInt8]) throws(CommandError) {
    guard bytes.count <= Self.maximumManifestBytes else {
      throw CommandError(
        .invalid,
        "manifest.json: \(bytes.count) bytes are more than the \(Self.maximumManifestBytes) allowed"
      )
    }
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(bytes))
    } catch {
      throw CommandError(.invalid, "manifest.json: not a manifest: \(JSONText.describe(error))")
    }
    let manifest = ModelManifest(
      version: ModelVersion(name: document.name, number: document.version),
      files: document.files.map { File(path: $0.path, bytes: $0.bytes, sha256: $0.sha256) }
    )
    let problems = (document.schema == 1 ? [] : ["schema: expected 1, found '\(document.schema)'"]) + manifest.problems
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "manifest.json: \($0)" }.joined(separator: "\n"))
    }
    self = manifest
  }

  /// Everything that makes this manifest unacceptable to a node; empty when it is fine.
  package var problems: [String] {
    var found: [String] = []
    if !NodeName.isValidPart(version.name) { found.append("name: '\(version.name)' is not a model name") }
    if version.number < 1 { found.append("version: expected a positive integer, found '\(version.number)'") }
    if files.isEmpty { found.append("files: a version needs at least one file") }
    if files.count > Self.maximumFiles {
      found.append("files: \(files.count) are more than the \(Self.maximumFiles) allowed")
    }
    var seen: Set<String> = []
    let folders = Set(files.prefix(Self.maximumFiles).flatMap { Self.folders(of: $0.path) })
    for (index, file) in files.prefix(Self.maximumFiles).enumerated() {
      if !Self.isSafePath(file.path) {
        found.append("files[\(index)].path: '\(file.path)' is not a path within the version's folder")
      }
      if file.path == ManifestSignature.fileName || file.path == ManifestSignature.bundleFileName {
        found.append(
          "files[\(index)].path: '\(file.path)' is kept for the manifest's signature; give the file another name"
        )
      }
      if !seen.insert(file.path).inserted { found.append("files[\(index)].path: '\(file.path)' is listed twice") }
      if folders.contains(file.path) {
        found.append("files[\(index)].path: '\(file.path)' is a folder of other files")
      }
      if !SHA256Text.isValid(file.sha256) { found.append("files[\(index)].sha256: '\(file.sha256)' is not a SHA-256") }
    }
    if files.reduce((UInt64(0), false), { ($0.0 &+ $1.bytes, $0.1 || $0.0.addingReportingOverflow($1.bytes).overflow) })
      .1
    {
      found.append("files: their sizes add up to more than any disk holds")
    }
    return found
  }

  private static func isSafePath(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    return path != fileName && parts.count <= 8 && parts.allSatisfy { NodeName.isValidPart($0) }
  }

  /// Every folder that a file at `path` lies in: `a` and `a/b` for `a/b/c`. No more than a path may be deep.
  private static func folders(of path: String) -> [String] {
    let parts = path.split(separator: "/", maxSplits: 8, omittingEmptySubsequences: false)
    return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
  }

  private struct Document: Decodable {
    struct File: Decodable {
      let path: String
      let bytes: UInt64
      let sha256: String
    }

    let schema: Int
    let name: String
    let version: Int
    let files: [File]
  }
}
