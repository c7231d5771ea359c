import FoundationEssentials

/// What the OpenSSF model-signing tool writes with `model_signing sign key`, version 1.1: a Sigstore bundle with a DSSE envelope around an
/// in-toto statement, which lists every file of the model's folder with its SHA-256.
///
/// Of the files only `manifest.json` is looked at: it names the version and has the hashes of all the others, so a signature that lists
/// it with this digest speaks for the whole version. The tool signs neither a counter nor an expiry.
struct SigstoreBundle: Sendable {
  static let payloadType = "application/vnd.in-toto+json"
  static let predicateType = "https://model_signing/signature/v1.0"

  /// SHA-256 of the public key's PEM file, by which the key is found.
  let keyHint: String
  /// The in-toto statement, byte for byte as it was signed.
  let payload: [UInt8]
  /// ECDSA in DER form.
  let signature: [UInt8]

  /// Throws `.invalid` in words that follow the file's name.
  init(parsing text: String) throws(CommandError) {
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
    } catch {
      throw CommandError(.invalid, "not a Sigstore bundle: \(JSONText.describe(error))")
    }
    guard let hint = document.verificationMaterial.publicKey?.hint, SHA256Text.isValid(hint) else {
      throw CommandError(
        .invalid,
        "verificationMaterial.publicKey.hint: expected the SHA-256 of a public key; sign with 'model_signing sign key', 1.1 or later"
      )
    }
    let envelope = document.dsseEnvelope
    guard envelope.payloadType == Self.payloadType else {
      throw CommandError(
        .invalid,
        "dsseEnvelope.payloadType: expected '\(Self.payloadType)', found '\(envelope.payloadType.prefix(80))'"
      )
    }
    guard envelope.signatures.count == 1 else {
      throw CommandError(.invalid, "dsseEnvelope.signatures: expected one, found \(envelope.signatures.count)")
    }
    guard let payload = Data(base64Encoded: envelope.payload),
      let signature = Data(base64Encoded: envelope.signatures[0].sig)
    else { throw CommandError(.invalid, "dsseEnvelope: its payload or signature is not base64") }
    keyHint = hint
    self.payload = Array(payload)
    self.signature = Array(signature)
  }

  /// What is signed: DSSE's pre-authentication encoding, so that the payload means nothing under another type.
  var signedBytes: [UInt8] {
    Array("DSSEv1 \(Self.payloadType.utf8.count) \(Self.payloadType) \(payload.count) ".utf8) + payload
  }

  /// Why the statement does not speak for a manifest with this digest; nil when it does.
  func problem(with digest: ModelDigest) -> String? {
    let statement: Statement
    do {
      statement = try JSONDecoder().decode(Statement.self, from: Data(payload))
    } catch {
      return "not a statement on a model: \(JSONText.describe(error))"
    }
    guard statement._type == "https://in-toto.io/Statement/v1", statement.predicateType == Self.predicateType else {
      return "expected a statement '\(Self.predicateType)', found '\(statement.predicateType.prefix(80))'"
    }
    let serialization = statement.predicate.serialization
    guard serialization.method == "files", serialization.hash_type == "sha256" else {
      return "expected whole files hashed with SHA-256, found '\(serialization.method.prefix(20))' with "
        + "'\(serialization.hash_type.prefix(20))'"
    }
    var root = SHA256Text.Hasher()
    for resource in statement.predicate.resources {
      guard resource.algorithm == "sha256", let bytes = HexText.bytes(resource.digest, count: 32) else {
        return "'\(resource.name.prefix(80))': its digest is not a SHA-256"
      }
      root.update(bytes)
    }
    guard statement.subject.count == 1, statement.subject[0].digest["sha256"] == root.finish() else {
      return "the digest of its subject is not that of the files it lists"
    }
    let manifests = statement.predicate.resources.filter { $0.name == ModelManifest.fileName }
    guard manifests.count == 1 else {
      return "it does not list \(ModelManifest.fileName); sign the folder with its \(ModelManifest.fileName) in it"
    }
    return "sha256:\(manifests[0].digest)" == digest.text
      ? nil : "it is of another \(ModelManifest.fileName), or of one that is not in canonical form"
  }

  private struct Document: Decodable {
    struct Material: Decodable {
      struct Key: Decodable { let hint: String? }
      let publicKey: Key?
    }
    struct Envelope: Decodable {
      struct Signature: Decodable { let sig: String }
      let payload: String
      let payloadType: String
      let signatures: [Signature]
    }
    let verificationMaterial: Material
    let dsseEnvelope: Envelope
  }

  // Named as in-toto and the tool name them.
  private struct Statement: Decodable {
    struct Subject: Decodable { let digest: [String: String] }
    struct Resource: Decodable {
      let name: String
      let algorithm: String
      let digest: String
    }
    struct Predicate: Decodable {
      struct Serialization: Decodable {
        let method: String
        let hash_type: String
      }
      let serialization: Serialization
      let resources: [Resource]
    }
    let _type: String
    let subject: [Subject]
    let predicateType: String
    let predicate: Predicate
  }
}
