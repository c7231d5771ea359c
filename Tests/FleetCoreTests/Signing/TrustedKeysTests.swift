import FleetCore
import FleetTestSupport
import Testing

struct TrustedKeysTests {
  private let key = SigningKey()
  private let version = TestVersion.tiny(3)

  private func trusted() -> TrustedKeys { TrustedKeys([key.publicKey, SigningKey().publicKey]) }

  @Test func takesWhatATrustedKeySigned() throws {
    for expires in [nil, 1_771_883_105 as UInt64?] {
      let signature = try key.sign(version.manifest, counter: 17, expires: expires)
      try trusted().verify(signature, of: version.version, digest: version.digest)
    }
  }

  @Test func refusesAForeignKey() throws {
    let foreign = SigningKey()
    let signature = try foreign.sign(version.manifest, counter: 17)
    let trusted = trusted()
    #expect(throws: SignatureRefusal.foreignKey(foreign.publicKey.fingerprint, trusted: trusted.fingerprints)) {
      try trusted.verify(signature, of: version.version, digest: version.digest)
    }
  }

  @Test func refusesAForeignKeyUnderATrustedName() throws {
    var signature = try SigningKey().sign(version.manifest, counter: 17)
    signature.key = key.publicKey.fingerprint
    #expect(throws: SignatureRefusal.tampered(key: signature.key)) {
      try trusted().verify(signature, of: version.version, digest: version.digest)
    }
  }

  @Test func refusesATamperedManifest() throws {
    let signature = try key.sign(version.manifest, counter: 17)
    var files = version.manifest.files
    files[0].sha256 = SHA256Text.hash([9])
    let others = [
      ModelManifest(version: version.version, files: files),
      ModelManifest(version: ModelVersion(name: "tag-reader", number: 4), files: version.manifest.files),
      ModelManifest(version: ModelVersion(name: "tag-writer", number: 3), files: version.manifest.files),
    ]
    for manifest in others {
      #expect(throws: SignatureRefusal.tampered(key: signature.key)) {
        try trusted().verify(signature, of: manifest.version, digest: manifest.digest)
      }
    }
  }

  @Test func refusesATamperedCounterOrExpiry() throws {
    let signature = try key.sign(version.manifest, counter: 17, expires: 1000)
    let changes: [(inout ManifestSignature) -> Void] = [
      { $0.counter = 18 }, { $0.expires = 1001 }, { $0.expires = nil },
    ]
    for change in changes {
      var changed = signature
      change(&changed)
      #expect(throws: SignatureRefusal.tampered(key: signature.key)) {
        try trusted().verify(changed, of: version.version, digest: version.digest)
      }
    }
  }

  @Test func refusesWhatIsNoSignature() throws {
    var signature = try key.sign(version.manifest, counter: 17)
    signature.signature.removeLast()
    #expect(throws: SignatureRefusal.malformed(signature.problems.map { "signature.json: \($0)" })) {
      try trusted().verify(signature, of: version.version, digest: version.digest)
    }
  }

  @Test func signsNothingThatNoNodeWouldTake() {
    let unsafe = ModelManifest(
      version: version.version,
      files: [.init(path: "../x", bytes: 1, sha256: SHA256Text.hash([]))]
    )
    let error = #expect(throws: CommandError.self) { _ = try key.sign(unsafe, counter: 0, expires: .max) }
    #expect(error?.code == .invalid)
    #expect(error?.message.split(separator: "\n").count == 3, "\(error?.message ?? "")")
  }

  /// Signs many versions; then one thing of each is changed at random. Nothing that was changed ever verifies.
  @Test func mutationsNeverVerify() throws {
    var random = SeededRandom()
    let trusted = trusted()
    for _ in 0..<200 {
      var manifest = ModelManifest(
        version: ModelVersion(name: random.namePart(), number: Int.random(in: 1...99, using: &random)),
        files: [
          .init(path: "f", bytes: .random(in: 0...1 << 40, using: &random), sha256: SHA256Text.hash(random.bytes(4)))
        ]
      )
      guard manifest.problems.isEmpty else { continue }
      let counter = UInt64.random(in: 1...1 << 40, using: &random)
      let expires = random.chance(0.5) ? nil : UInt64.random(in: 0...1 << 33, using: &random)
      var signature = try key.sign(manifest, counter: counter, expires: expires)
      try trusted.verify(signature, of: manifest.version, digest: manifest.digest)
      let original = (manifest, signature)
      var digits = Array(signature.signature.utf8)
      let position = Int.random(in: 0..<digits.count, using: &random)
      switch Int.random(in: 0...6, using: &random) {
      case 0: digits[position] = "0123456789abcdef".utf8.randomElement(using: &random) ?? 0
      case 1: digits.swapAt(position, Int.random(in: 0..<digits.count, using: &random))
      case 2: signature.counter ^= 1 << UInt64.random(in: 0...39, using: &random)
      case 3: signature.expires = random.chance(0.5) ? nil : Double(UInt64.random(in: 0...1 << 33, using: &random))
      case 4:
        manifest = ModelManifest(
          version: ModelVersion(name: manifest.version.name, number: manifest.version.number + 1),
          files: manifest.files
        )
      case 5:
        manifest = ModelManifest(
          version: manifest.version,
          files: [.init(path: "f", bytes: manifest.totalBytes ^ 1, sha256: manifest.files[0].sha256)]
        )
      default: signature.key = SHA256Text.hash(random.bytes(3))
      }
      signature.signature = String(decoding: digits, as: UTF8.self)
      guard (manifest, signature) != original else { continue }
      #expect(throws: SignatureRefusal.self, "seed \(random.seed): \(signature)") {
        try trusted.verify(signature, of: manifest.version, digest: manifest.digest)
      }
    }
  }

  /// Bits of one signature and of what it signs, in every byte.
  @Test func flippedBitsAreSeen() throws {
    let signature = try key.sign(version.manifest, counter: 17)
    let bytes = try #require(HexText.bytes(signature.signature, count: 64))
    let trusted = trusted()
    for bit in stride(from: 0, to: 512, by: 7) {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      var changed = signature
      changed.signature = HexText.text(flipped)
      #expect(throws: SignatureRefusal.tampered(key: signature.key)) {
        try trusted.verify(changed, of: version.version, digest: version.digest)
      }
    }
    let digest = try #require(HexText.bytes(version.digest.text.dropFirst(7), count: 32))
    for bit in stride(from: 0, to: 256, by: 7) {
      var flipped = digest
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      let other = try #require(ModelDigest("sha256:" + HexText.text(flipped)))
      #expect(throws: SignatureRefusal.tampered(key: signature.key)) {
        try trusted.verify(signature, of: version.version, digest: other)
      }
    }
  }
}
