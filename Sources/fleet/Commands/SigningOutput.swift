import FleetCore
import Foundation

/// What the commands about signatures print: a line for people, or JSON with every key always there.
enum SigningOutput {
  static func print(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  struct Key: Encodable {
    var fingerprint: String
    var key: String
    var `public`: String
  }

  struct Keys: Encodable {
    struct Key: Encodable {
      var fingerprint: String
      /// `Ed25519` or `P-256`
      var algorithm: String
    }

    var isSecret: Bool
    var keys: [Key]

    enum CodingKeys: String, CodingKey {
      case isSecret = "is_secret"
      case keys
    }
  }

  struct Signature: Encodable {
    var name: String
    var version: Int
    var digest: String
    var signature: ManifestSignature?
    /// What speaks against it.
    var problems: [String]

    enum CodingKeys: String, CodingKey {
      case name, version, digest, key, counter, expires, problems
    }

    init(_ manifest: ModelManifest, _ signature: ManifestSignature?, problems: [String]) {
      name = manifest.version.name
      version = manifest.version.number
      digest = manifest.digest.text
      self.signature = signature
      self.problems = problems
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(version, forKey: .version)
      try container.encode(digest, forKey: .digest)
      try container.encode(signature?.key, forKey: .key)
      try container.encode(signature?.counter, forKey: .counter)
      try container.encode(expires, forKey: .expires)
      try container.encode(problems, forKey: .problems)
    }

    /// `tag-reader@3 (4f0c12ab34cd) signed by 3f2a..., counter 17, expires 2027-02-23T21:45:05Z`
    var line: String {
      let what = "\(name)@\(version) (\(ModelDigest(digest)?.short ?? digest))"
      guard let signature else { return "\(what) is not signed" }
      return "\(what) signed by \(PublicKey.short(signature.key)), counter \(signature.counter), "
        + (expires.map { "expires \($0)" } ?? "never expires")
    }

    private var expires: String? {
      signature?.expires.map { Date(timeIntervalSince1970: $0).formatted(.iso8601) }
    }
  }
}
