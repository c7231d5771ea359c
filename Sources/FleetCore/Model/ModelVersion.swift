/// `tag-reader@3`: a model's name and its integer version, as in the Open Inference Protocol.
package struct ModelVersion: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
  package let name: String
  package let number: Int

  package init(name: String, number: Int) {
    self.name = name
    self.number = number
  }

  /// Reads `name@number`; nil when the name is not one or the number is not a positive integer
  /// without sign and leading zeros, so that a version has one spelling.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, NodeName.isValidPart(parts[0]), let number = Int(parts[1]), number > 0,
      parts[1] == String(number)
    else { return nil }
    self.init(name: String(parts[0]), number: number)
  }

  package var description: String { "\(name)@\(number)" }

  package static func < (left: ModelVersion, right: ModelVersion) -> Bool {
    (left.name, left.number) < (right.name, right.number)
  }
}

/// Identity of a version: `sha256:` and 64 hexadecimal digits of its manifest's bytes.
package struct ModelDigest: Hashable, Sendable, Codable, CustomStringConvertible {
  package let text: String

  /// Nil unless `text` is `sha256:` and 64 lower-case hexadecimal digits.
  package init?(_ text: some StringProtocol) {
    guard text.hasPrefix("sha256:"), SHA256Text.isValid(text.dropFirst(7)) else { return nil }
    self.text = String(text)
  }

  package init(ofManifest bytes: some Sequence<UInt8>) {
    text = "sha256:" + SHA256Text.hash(bytes)
  }

  package var description: String { text }

  /// Twelve digits: enough to tell versions apart on a screen.
  package var short: String { String(text.dropFirst(7).prefix(12)) }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = ModelDigest(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a digest")
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
