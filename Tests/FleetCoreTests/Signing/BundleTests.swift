import Crypto
import FleetCore
import FleetTestSupport
import Foundation
import Testing

/// The second format: what the OpenSSF model-signing tool writes. The fixtures are the tool's own, see Tests/Fixtures/signatures.
struct BundleTests {
  private static func fixture(_ name: String) throws -> String {
    try String(contentsOfFile: Repository.fixture("signatures/\(name)"), encoding: .utf8)
  }

  private static func manifest(_ number: Int) throws -> ModelManifest {
    let path = Repository.fixture("signatures/manifests/\(number).json")
    return try ModelManifest(parsing: [UInt8](try Data(contentsOf: URL(filePath: path))))
  }

  private static func trusted() throws -> TrustedKeys { TrustedKeys(try PublicKey.list(parsing: fixture("p256.pub"))) }

  private func bundle(_ name: String = "model.sig", version: Int = 1) throws -> ManifestSignature {
    let version = ModelVersion(name: "tag-reader", number: version)
    return try ManifestSignature(bundle: Array(Self.fixture(name).utf8), of: version)
  }

  private func refusal(_ signature: ManifestSignature, _ trusted: TrustedKeys, version: Int = 1) throws
    -> SignatureRefusal?
  {
    let manifest = try Self.manifest(version)
    do throws(SignatureRefusal) {
      try trusted.verify(signature, of: manifest.version, digest: manifest.digest)
      return nil
    } catch {
      return error
    }
  }

  @Test func takesWhatTheToolSigned() throws {
    let signature = try bundle()
    #expect(signature.isBundle && signature.counter == 1 && signature.expires == nil)
    #expect(try Self.trusted().fingerprints == [signature.key])
    #expect(try refusal(signature, Self.trusted()) == nil)
  }

  @Test func refusesItForAnotherVersion() throws {
    let key = try bundle().key
    #expect(
      try refusal(bundle(version: 2), Self.trusted(), version: 2)
        == .otherStatement(key: key, "it is of another manifest.json, or of one that is not in canonical form")
    )
  }

  @Test func refusesOneThatSaysNothingOfTheManifest() throws {
    let signature = try bundle("without-manifest.sig")
    #expect(
      try refusal(signature, Self.trusted())
        == .otherStatement(
          key: signature.key,
          "it does not list manifest.json; sign the folder with its manifest.json in it"
        )
    )
  }

  @Test func refusesKeysOfOtherKinds() throws {
    let error = #expect(throws: CommandError.self) { _ = try PublicKey.list(parsing: Self.fixture("p384.pub")) }
    #expect(error?.message.contains("another kind than Ed25519 ('fleet key create') and P-256") == true)
    guard case .foreignKey = try refusal(bundle("p384.sig"), Self.trusted()) else {
      Issue.record("it is foreign")
      return
    }
    let ours = TrustedKeys([SigningKey().publicKey])
    guard case .foreignKey = try refusal(bundle(), ours) else {
      Issue.record("it is foreign")
      return
    }
  }

  /// What stands beside the bundle is not signed: whoever sends it could say anything.
  @Test func refusesACounterOrAnExpiryThatNobodySigned() throws {
    for change: (inout ManifestSignature) -> Void in [{ $0.counter = 99 }, { $0.expires = 1e9 }] {
      var signature = try bundle()
      change(&signature)
      guard case .malformed(let problems) = try refusal(signature, Self.trusted()) else {
        Issue.record("it must be refused")
        continue
      }
      #expect(problems[0].contains("signs neither a counter nor an expiry"))
    }
  }

  @Test(arguments: [
    ("", "not a Sigstore bundle: not JSON"), ("{}", "not a Sigstore bundle: verificationMaterial: missing"),
    (
      #"{"verificationMaterial":{"certificate":{}},"dsseEnvelope":{"payload":"","payloadType":"","signatures":[]}}"#,
      "hint"
    ),
    (
      #"{"verificationMaterial":{"publicKey":{"hint":"KEY"}},"dsseEnvelope":{"payload":"","payloadType":"x","signatures":[]}}"#,
      "payloadType: expected 'application/vnd.in-toto+json', found 'x'"
    ),
    (
      #"{"verificationMaterial":{"publicKey":{"hint":"KEY"}},"dsseEnvelope":{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}}"#,
      "signatures: expected one, found 0"
    ),
    (
      #"{"verificationMaterial":{"publicKey":{"hint":"KEY"}},"dsseEnvelope":{"payload":"?","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":""}]}}"#,
      "is not base64"
    ),
  ])
  func saysWhatIsWrongWithAFile(_ json: String, _ words: String) {
    let text = json.replacing("KEY", with: SHA256Text.hash([]))
    let error = #expect(throws: CommandError.self) {
      _ = try ManifestSignature(bundle: Array(text.utf8), of: ModelVersion(name: "m", number: 1))
    }
    #expect(error?.code == .invalid && error?.message.hasPrefix("model.sig: ") == true)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func textThatIsNoneIsNotRepaired() throws {
    var bytes = Array(try Self.fixture("model.sig").utf8)
    bytes[20] |= 0x80
    let error = #expect(throws: CommandError.self) {
      _ = try ManifestSignature(bundle: bytes, of: ModelVersion(name: "m", number: 1))
    }
    #expect(error?.message == "model.sig: not a Sigstore bundle: not UTF-8")
  }

  @Test func aLongFileIsRefusedUnread() {
    let long = [UInt8](repeating: UInt8(ascii: "{"), count: ManifestSignature.maximumBundleBytes + 1)
    let error = #expect(throws: CommandError.self) {
      _ = try ManifestSignature(bundle: long, of: ModelVersion(name: "m", number: 1))
    }
    #expect(error?.message == "model.sig: 262145 bytes are more than the 262144 allowed")
  }

  /// A statement of our own under a key of our own: what the tool never writes, but somebody else might.
  @Test(arguments: [
    ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v2", "expected a statement"),
    ("https://model_signing/signature/v1.0", "https://model_signing/other", "found 'https://model_signing/other'"),
    (#""method":"files""#, #""method":"shards""#, "expected whole files hashed with SHA-256, found 'shards'"),
    (#""hash_type":"sha256""#, #""hash_type":"blake2b""#, "with 'blake2b'"),
    (#""algorithm":"sha256""#, #""algorithm":"blake2b""#, "its digest is not a SHA-256"),
    (#""subject":[{"#, #""subject":[{"digest":{}},{"#, "the digest of its subject"),
    (#""predicate":{"#, #""predicated":{"#, "not a statement on a model: predicate: missing"),
    ("manifest.json", "manifest.jsom", "it does not list manifest.json"),
  ])
  func refusesAStatementOfAnotherKind(_ old: String, _ new: String, _ words: String) throws {
    let manifest = try Self.manifest(1)
    let digest = String(manifest.digest.text.dropFirst(7))
    let root = SHA256Text.hash(try #require(HexText.bytes(digest, count: 32)))
    let good =
      #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"1","digest":{"sha256":"\#(root)"}}],"#
      + #""predicateType":"https://model_signing/signature/v1.0","predicate":{"serialization":{"method":"files","#
      + #""hash_type":"sha256"},"resources":[{"name":"manifest.json","algorithm":"sha256","digest":"\#(digest)"}]}}"#
    let key = P256.Signing.PrivateKey()
    let trusted = TrustedKeys(try PublicKey.list(parsing: key.publicKey.pemRepresentation))
    func signed(_ statement: String) throws -> ManifestSignature {
      let type = "application/vnd.in-toto+json"
      let bytes = Data("DSSEv1 \(type.utf8.count) \(type) \(statement.utf8.count) \(statement)".utf8)
      let signature = try key.signature(for: bytes).derRepresentation.base64EncodedString()
      let payload = Data(statement.utf8).base64EncodedString()
      let text =
        #"{"verificationMaterial":{"publicKey":{"hint":"\#(trusted.fingerprints[0])"}},"dsseEnvelope":{"payload":"#
        + #""\#(payload)","payloadType":"\#(type)","signatures":[{"sig":"\#(signature)"}]}}"#
      return try ManifestSignature(bundle: Array(text.utf8), of: manifest.version)
    }
    #expect(try refusal(signed(good), trusted) == nil)
    #expect(good.contains(old))
    guard case .otherStatement(_, let problem) = try refusal(signed(good.replacing(old, with: new)), trusted) else {
      Issue.record("'\(new)' must be refused")
      return
    }
    #expect(problem.contains(words), "\(problem)")
  }

  /// Random changes of the file: it still says the same, or it is refused.
  @Test func mutationsNeverSayAnythingElse() throws {
    var random = SeededRandom()
    let text = Array(try Self.fixture("model.sig").utf8)
    let trusted = try Self.trusted()
    let manifest = try Self.manifest(1)
    let original = try SigstoreParts(text)
    for _ in 0..<300 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes[position] = .random(in: 32...126, using: &random)
        case 1: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.remove(at: position)
        default: bytes.insert("AZaz09+/=\"{}".utf8.randomElement(using: &random) ?? 0, at: position)
        }
      }
      guard let signature = try? ManifestSignature(bundle: bytes, of: manifest.version),
        (try? trusted.verify(signature, of: manifest.version, digest: manifest.digest)) != nil
      else { continue }
      #expect(try SigstoreParts(bytes) == original, "seed \(random.seed): \(String(decoding: bytes, as: UTF8.self))")
    }
  }

  /// What of a bundle counts.
  private struct SigstoreParts: Decodable, Equatable {
    struct Envelope: Decodable, Equatable {
      struct Signature: Decodable, Equatable { let sig: Data }
      let payload: Data
      let signatures: [Signature]
    }
    let dsseEnvelope: Envelope

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) }
  }
}
