import Crypto
import FoundationEssentials

/// A public key by which versions are told to be somebody's, kept as a PEM file that OpenSSL reads too.
package struct PublicKey: Sendable, Hashable {
  package enum Algorithm: String, Sendable {
    /// RFC 8032: our own signatures, `signature.json`.
    case ed25519 = "Ed25519"
    /// ECDSA on NIST's curve: those of the OpenSSF model-signing tool, `model.sig`.
    case p256 = "P-256"

    /// SubjectPublicKeyInfo (RFC 8410, RFC 5480) up to the key itself: a key of ours has no other form.
    fileprivate var header: [UInt8] {
      switch self {
      case .ed25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
      case .p256:
        [
          0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
          0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ]
      }
    }
  }

  private static let label = "PUBLIC KEY"

  package let algorithm: Algorithm
  /// 32 bytes of Ed25519; 65 of P-256, an uncompressed point.
  package let bytes: [UInt8]

  /// Throws `.invalid` when these bytes are no such key, or one that would take signatures which nobody made.
  init(_ algorithm: Algorithm, bytes: [UInt8]) throws(CommandError) {
    switch algorithm {
    case .ed25519:
      guard bytes.count == 32 else {
        throw CommandError(.invalid, "an Ed25519 key has 32 bytes, this one has \(bytes.count)")
      }
      guard !WeakPoint.isOne(bytes) else {
        throw CommandError(.invalid, "this is no key that anybody made: it would take forged signatures")
      }
    case .p256:
      guard (try? P256.Signing.PublicKey(x963Representation: bytes)) != nil else {
        throw CommandError(.invalid, "this is no point on the curve P-256, so it is no key")
      }
    }
    self.algorithm = algorithm
    self.bytes = bytes
  }

  init(of key: Curve25519.Signing.PublicKey) {
    algorithm = .ed25519
    bytes = Array(key.rawRepresentation)
  }

  /// Reads every public key of a PEM file. Throws `.invalid` when there is none, or one of them is of another kind.
  package static func list(parsing text: String) throws(CommandError) -> [PublicKey] {
    let blocks = try PEMText.blocks(in: text)
    guard !blocks.isEmpty else {
      throw CommandError(
        .invalid,
        "holds no key; expected '-----BEGIN PUBLIC KEY-----', as 'fleet key create' writes it"
      )
    }
    return try blocks.map { (block) throws(CommandError) in
      guard block.label == label else {
        throw CommandError(
          .invalid,
          block.label == SigningKey.label
            ? "holds a private key: whoever has it can sign; nodes take the '.pub' file made with it"
            : "holds a '\(block.label)'; expected '-----BEGIN PUBLIC KEY-----', as 'fleet key create' writes it"
        )
      }
      for algorithm in [Algorithm.ed25519, .p256] where block.bytes.starts(with: algorithm.header) {
        return try PublicKey(algorithm, bytes: Array(block.bytes.dropFirst(algorithm.header.count)))
      }
      throw CommandError(
        .invalid,
        "holds a public key of another kind than Ed25519 ('fleet key create') and P-256 (the OpenSSF model-signing tool)"
      )
    }
  }

  /// Lower-case hexadecimal SHA-256, by which signatures name their key. Of Ed25519 over the key in DER form, as
  /// `openssl pkey -pubin -outform DER | sha256sum` says it; of P-256 over its PEM file, as the OpenSSF tool says it.
  package var fingerprint: String {
    switch algorithm {
    case .ed25519: SHA256Text.hash(algorithm.header + bytes)
    case .p256: SHA256Text.hash(pem.utf8)
    }
  }

  /// For people: as much as tells keys apart.
  package var short: String { Self.short(fingerprint) }

  package static func short(_ fingerprint: String) -> String { String(fingerprint.prefix(16)) }

  /// A file for nodes, with a comment that says whose it is.
  package func text(name: String) -> String {
    "# fleet public key '\(name)', fingerprint \(fingerprint)\n"
      + "# A box takes it with 'fleetd run --trusted-key FILE'.\n" + pem
  }

  private var pem: String { PEMText.text(PEMText.Block(label: Self.label, bytes: algorithm.header + bytes)) }

  /// `signature` is 64 bytes of Ed25519, or ECDSA in DER form over the message's SHA-256.
  func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    switch algorithm {
    case .ed25519:
      (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes))?.isValidSignature(signature, for: message) ?? false
    case .p256:
      if let key = try? P256.Signing.PublicKey(x963Representation: bytes),
        let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
      {
        key.isValidSignature(signature, for: message)
      } else {
        false
      }
    }
  }
}
