import Crypto
import FoundationEssentials

/// An Ed25519 private key (RFC 8032), kept as a PEM file (PKCS #8) that OpenSSL reads too. Whoever has it says what nodes serve.
package struct SigningKey: Sendable {
  static let label = "PRIVATE KEY"
  /// PKCS #8 (RFC 8410) up to the key itself.
  private static let header: [UInt8] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  private let key: Curve25519.Signing.PrivateKey

  /// A new one, of the system's randomness.
  package init() {
    key = Curve25519.Signing.PrivateKey()
  }

  /// Reads a PEM file with one private key. Throws `.invalid` when it is anything else.
  package init(parsing text: String) throws(CommandError) {
    let blocks = try PEMText.blocks(in: text)
    guard let block = blocks.first, blocks.count == 1, block.label == Self.label else {
      throw CommandError(
        .invalid,
        blocks.contains { $0.label == "ENCRYPTED PRIVATE KEY" }
          ? "holds an encrypted key, which cannot be read; 'openssl pkey -in FILE' decrypts it"
          : "holds no signing key; expected one '-----BEGIN PRIVATE KEY-----', as 'fleet key create' writes it"
      )
    }
    guard block.bytes.count == Self.header.count + 32, block.bytes.starts(with: Self.header),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: block.bytes.dropFirst(Self.header.count))
    else {
      throw CommandError(.invalid, "holds a private key of another kind than Ed25519; 'fleet key create' makes one")
    }
    self.key = key
  }

  package var publicKey: PublicKey { PublicKey(of: key.publicKey) }

  /// The secret file.
  package func text(name: String) -> String {
    "# fleet signing key '\(name)'. Keep it secret: nodes serve what it signs.\n"
      + PEMText.text(PEMText.Block(label: Self.label, bytes: Self.header + Array(key.rawRepresentation)))
  }

  /// Throws `.invalid` with everything that no node would take.
  package func sign(_ manifest: ModelManifest, counter: UInt64, expires: UInt64? = nil) throws(CommandError)
    -> ManifestSignature
  {
    let statement = SignedStatement(
      digest: manifest.digest,
      version: manifest.version,
      counter: counter,
      expires: expires
    )
    let bytes: Data
    do {
      bytes = try key.signature(for: statement.bytes)
    } catch {
      throw CommandError(.failed, "\(manifest.version) cannot be signed: \(error)")
    }
    let signature = ManifestSignature(
      key: publicKey.fingerprint,
      counter: counter,
      expires: expires.map { Double($0) },
      signature: HexText.text(bytes)
    )
    let problems = manifest.problems.map { "manifest.json: \($0)" } + signature.problems
    guard problems.isEmpty else { throw CommandError(.invalid, problems.joined(separator: "\n")) }
    return signature
  }
}
