import FoundationEssentials

/// `signature.json`, which lies beside a version's manifest.json and is none of its files.
///
/// Canonical form: UTF-8 JSON without white space or a final newline, keys in the order `schema key counter expires signature`;
/// `expires` is left out when it is never.
extension ManifestSignature {
  package static let fileName = "signature.json"
  /// Bounds that keep a hostile file from costing anything. Every number is exact in every JSON reader.
  package static let maximumFileBytes = 4096
  package static let largestCounter: UInt64 = (1 << 53) - 1
  /// The end of the year 9999.
  package static let latestExpiry: UInt64 = 253_402_300_799

  package var fileBytes: [UInt8] {
    let expiry = expiresSeconds.map { "\"expires\":\($0)," } ?? ""
    return Array(
      "{\"schema\":1,\"key\":\"\(key)\",\"counter\":\(counter),\(expiry)\"signature\":\"\(signature)\"}".utf8
    )
  }

  /// `expires` as it is signed; nil for never, and for what `problems` refuses.
  package var expiresSeconds: UInt64? { expires.flatMap { UInt64(exactly: $0) } }

  /// Reads a signature, in canonical form or not. Throws `.invalid` with every problem found.
  package init(parsing bytes: [UInt8]) throws(CommandError) {
    guard bytes.count <= Self.maximumFileBytes else {
      throw CommandError(
        .invalid,
        "\(Self.fileName): \(bytes.count) bytes are more than the \(Self.maximumFileBytes) allowed"
      )
    }
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(bytes))
    } catch {
      throw CommandError(.invalid, "\(Self.fileName): not a signature: \(JSONText.describe(error))")
    }
    let signature = ManifestSignature(
      key: document.key,
      counter: document.counter,
      expires: document.expires,
      signature: document.signature
    )
    let problems = (document.schema == 1 ? [] : ["schema: expected 1, found '\(document.schema)'"]) + signature.problems
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "\(Self.fileName): \($0)" }.joined(separator: "\n"))
    }
    self = signature
  }

  /// Everything that keeps this from being a signature at all, whoever made it; empty when it may be one.
  package var problems: [String] {
    var found: [String] = []
    if !SHA256Text.isValid(key) { found.append("key: '\(Self.shortened(key))' is not a SHA-256") }
    if !(1...Self.largestCounter).contains(counter) {
      found.append("counter: expected 1 to \(Self.largestCounter), found '\(counter)'")
    }
    if let expires, !(0...Self.latestExpiry).contains(expiresSeconds ?? .max) {
      found.append("expires: expected Unix time in whole seconds, found '\(expires)'")
    }
    if HexText.bytes(signature, count: 64) == nil {
      found.append(
        "signature: expected 128 lower-case hexadecimal digits (64 bytes), found \(signature.utf8.count) characters"
      )
    }
    return found
  }

  private static func shortened(_ text: String) -> String { text.count > 72 ? "\(text.prefix(72))..." : text }

  private struct Document: Decodable {
    let schema: Int
    let key: String
    let counter: UInt64
    let expires: Double?
    let signature: String
  }
}
