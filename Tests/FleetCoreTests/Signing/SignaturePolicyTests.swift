import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct SignaturePolicyTests {
  private let key = SigningKey()
  private let one = TestVersion.tiny(1)
  private let two = TestVersion.tiny(2)
  private let three = TestVersion.tiny(3)

  private func policy(_ keys: [SigningKey]? = nil) -> SignaturePolicy {
    SignaturePolicy(trusted: TrustedKeys((keys ?? [key]).map(\.publicKey)))
  }

  @Test func withoutTrustedKeysEverythingIsTaken() throws {
    var policy = policy([])
    #expect(!policy.isSignatureRequired)
    try admit(one, nil, &policy)
    try admit(one, ManifestSignature(key: "", counter: 0, signature: ""), &policy)
    try policy.checkActivation(of: one.version, digest: one.digest, isActive: false, at: 0)
    #expect(policy.memory == SignatureMemory())
  }

  @Test func unsignedIsRefused() throws {
    var policy = policy()
    #expect(policy.isSignatureRequired)
    #expect(throws: SignatureRefusal.unsigned) { try admit(one, nil, &policy) }
  }

  @Test func olderCounterIsRefused() throws {
    var policy = policy()
    try admit(two, key.sign(two.manifest, counter: 20), &policy)
    #expect(throws: SignatureRefusal.older(counter: 19, seen: 20)) {
      try admit(one, key.sign(one.manifest, counter: 19), &policy)
    }
    try admit(two, key.sign(two.manifest, counter: 20), &policy)
    try admit(one, key.sign(one.manifest, counter: 21), &policy)
    let elsewhere = TestVersion.tiny(1, model: "other")
    try admit(elsewhere, key.sign(elsewhere.manifest, counter: 1), &policy)
  }

  @Test func oneCounterForTwoContentsIsRefused() throws {
    var policy = policy()
    try admit(one, key.sign(one.manifest, counter: 20), &policy)
    #expect(throws: SignatureRefusal.reused(counter: 20)) {
      try admit(two, key.sign(two.manifest, counter: 20), &policy)
    }
  }

  @Test func allTrustedKeysCountTogether() throws {
    let other = SigningKey()
    var policy = policy([key, other])
    try admit(two, key.sign(two.manifest, counter: 20), &policy)
    #expect(throws: SignatureRefusal.older(counter: 19, seen: 20)) {
      try admit(one, other.sign(one.manifest, counter: 19), &policy)
    }
  }

  /// Else a stolen key could keep the node from any update for ever.
  @Test func countersOfAKeyThatIsTrustedNoMoreAreForgotten() throws {
    let fresh = SigningKey()
    var before = policy()
    try admit(one, key.sign(one.manifest, counter: ManifestSignature.largestCounter), &before)
    var after = SignaturePolicy(trusted: TrustedKeys([fresh.publicKey]), memory: before.memory)
    try admit(two, fresh.sign(two.manifest, counter: 21), &after)
    var again = SignaturePolicy(trusted: TrustedKeys([key.publicKey, fresh.publicKey]), memory: after.memory)
    #expect(throws: SignatureRefusal.older(counter: 22, seen: ManifestSignature.largestCounter)) {
      try admit(three, fresh.sign(three.manifest, counter: 22), &again)
    }
  }

  @Test func expiredIsRefused() throws {
    var policy = policy()
    let signature = try key.sign(one.manifest, counter: 1, expires: 1000)
    try admit(one, signature, &policy, at: 1000)
    #expect(throws: SignatureRefusal.expired(at: 1000, now: 1000.5)) { try admit(one, signature, &policy, at: 1000.5) }
    #expect(throws: SignatureRefusal.expired(at: 1000, now: 2000)) {
      try policy.checkActivation(of: one.version, digest: one.digest, isActive: false, at: 2000)
    }
  }

  @Test func whatIsActiveGoesOn() throws {
    var policy = policy()
    let signature = try key.sign(one.manifest, counter: 1, expires: 1000)
    try admit(one, signature, &policy)
    try admit(two, key.sign(two.manifest, counter: 2), &policy)
    try admit(one, signature, &policy, isActive: true, at: 5000)
    try policy.checkActivation(of: one.version, digest: one.digest, isActive: true, at: 5000)
    #expect(throws: SignatureRefusal.older(counter: 1, seen: 2)) { try admit(one, signature, &policy, at: 500) }
    #expect(throws: SignatureRefusal.unsigned) { try admit(one, nil, &policy, isActive: true) }
  }

  @Test func whatCameBeforeANewerOneIsNotActivated() throws {
    var policy = policy()
    try admit(one, key.sign(one.manifest, counter: 1), &policy)
    try policy.checkActivation(of: one.version, digest: one.digest, isActive: false, at: 0)
    try admit(two, key.sign(two.manifest, counter: 2), &policy)
    #expect(throws: SignatureRefusal.older(counter: 1, seen: 2)) {
      try policy.checkActivation(of: one.version, digest: one.digest, isActive: false, at: 0)
    }
    try policy.checkActivation(of: two.version, digest: two.digest, isActive: false, at: 0)
    try admit(one, key.sign(one.manifest, counter: 3), &policy)
    try policy.checkActivation(of: one.version, digest: one.digest, isActive: false, at: 0)
  }

  @Test func whatWasHeldWithoutASignatureIsNotActivated() throws {
    #expect(throws: SignatureRefusal.heldUnsigned) {
      try policy().checkActivation(of: one.version, digest: one.digest, isActive: false, at: 0)
    }
  }

  @Test func rollbackIsTakenWhateverItsCounterAndExpiry() throws {
    var policy = policy()
    try admit(one, key.sign(one.manifest, counter: 1, expires: 1000), &policy)
    try admit(two, key.sign(two.manifest, counter: 2), &policy)
    try policy.checkRollback(to: one.version, digest: one.digest)
    try policy.checkRollback(to: three.version, digest: three.digest)
    let revoked = SignaturePolicy(trusted: TrustedKeys([SigningKey().publicKey]), memory: policy.memory)
    #expect(throws: SignatureRefusal.self) { try revoked.checkRollback(to: one.version, digest: one.digest) }
  }

  /// The OpenSSF tool signs no counter; the version's number is one, and what our own keys signed counts too.
  @Test func numbersSignedByTheToolNeverGoBack() throws {
    let text = try String(contentsOfFile: Repository.fixture("signatures/model.sig"), encoding: .utf8)
    let keys = try PublicKey.list(
      parsing: String(contentsOfFile: Repository.fixture("signatures/p256.pub"), encoding: .utf8)
    )
    let path = Repository.fixture("signatures/manifests/1.json")
    let manifest = try ModelManifest(parsing: [UInt8](try Data(contentsOf: URL(filePath: path))))
    let bundle = try ManifestSignature(bundle: Array(text.utf8), of: manifest.version)
    var policy = SignaturePolicy(trusted: TrustedKeys(keys + [key.publicKey]))
    try policy.admit(manifest, bundle, isActive: false, complete: [], at: 1e10)
    try policy.checkActivation(of: manifest.version, digest: manifest.digest, isActive: false, at: 1e10)
    try admit(two, key.sign(two.manifest, counter: 1), &policy)
    #expect(throws: SignatureRefusal.olderNumber(seen: 2)) {
      try policy.admit(manifest, bundle, isActive: false, complete: [], at: 0)
    }
    #expect(throws: SignatureRefusal.olderNumber(seen: 2)) {
      try policy.checkActivation(of: manifest.version, digest: manifest.digest, isActive: false, at: 0)
    }
    try policy.checkRollback(to: manifest.version, digest: manifest.digest)
  }

  @Test func refusalLeavesTheMemoryAsItWas() throws {
    var policy = policy()
    try admit(one, key.sign(one.manifest, counter: 5, expires: 1000), &policy)
    let before = policy
    #expect(throws: SignatureRefusal.self) { try admit(two, key.sign(two.manifest, counter: 4), &policy) }
    #expect(throws: SignatureRefusal.self) {
      try admit(two, key.sign(two.manifest, counter: 9, expires: 9), &policy, at: 10)
    }
    #expect(throws: SignatureRefusal.self) { try admit(two, SigningKey().sign(two.manifest, counter: 9), &policy) }
    #expect(policy == before)
  }

  @Test func memoryOutlivesTheAgentAndIsBounded() throws {
    var policy = policy()
    let held = TestVersion.tiny(1000)
    try admit(held, key.sign(held.manifest, counter: 1), &policy)
    for number in 1...100 {
      let version = TestVersion.tiny(number)
      try policy.admit(
        version.manifest,
        key.sign(version.manifest, counter: UInt64(number + 1)),
        isActive: false,
        complete: [held.digest],
        at: 0
      )
    }
    let bytes = try JSONEncoder().encode(policy.memory)
    #expect(bytes.count < 17 * 500)
    let memory = try JSONDecoder().decode(SignatureMemory.self, from: bytes)
    #expect(memory == policy.memory)
    let again = SignaturePolicy(trusted: policy.trusted, memory: memory)
    #expect(throws: SignatureRefusal.older(counter: 1, seen: 101)) {
      try again.checkActivation(of: held.version, digest: held.digest, isActive: false, at: 0)
    }
    #expect(throws: SignatureRefusal.heldUnsigned) {
      let old = TestVersion.tiny(1)
      try again.checkActivation(of: old.version, digest: old.digest, isActive: false, at: 0)
    }
  }

  /// Whatever comes in whatever order: what is taken never has a lower counter than what was taken before.
  @Test func countersNeverGoBack() throws {
    var random = SeededRandom()
    let keys = (0..<3).map { _ in SigningKey() }
    for _ in 0..<10 {
      var policy = policy(keys)
      var highest: UInt64 = 0
      for _ in 0..<20 {
        let version = TestVersion.tiny(Int.random(in: 1...6, using: &random))
        let counter = UInt64.random(in: 1...30, using: &random)
        let signer = keys[Int.random(in: 0..<3, using: &random)]
        let signature = try signer.sign(version.manifest, counter: counter)
        let isTaken = (try? admit(version, signature, &policy)) != nil
        #expect(!isTaken || counter >= highest, "seed \(random.seed)")
        #expect(isTaken || counter <= highest, "seed \(random.seed)")
        if isTaken { highest = max(highest, counter) }
      }
    }
  }

  @Test func everyRefusalHasItsOwnWords() {
    let refusals: [SignatureRefusal] = [
      .unsigned, .malformed(["signature: short"]), .foreignKey("k", trusted: ["t"]), .tampered(key: "k"),
      .older(counter: 1, seen: 2), .reused(counter: 1), .expired(at: 1000, now: 1e300), .heldUnsigned,
      .otherStatement(key: "k", "it is not"), .olderNumber(seen: 2),
    ]
    let errors = refusals.map { $0.error(one.version) }
    #expect(Set(errors.map(\.message)).count == refusals.count)
    #expect(errors.allSatisfy { $0.message.contains("tag-reader@1") })
    // Nothing that is tried again by itself.
    #expect(errors.allSatisfy { [.denied, .invalid, .corrupt].contains($0.code) })
    #expect(errors[6].message.contains("expired at 1970-01-01T00:16:40Z, and this node's clock says 9999-12-31"))
  }

  private func admit(
    _ version: TestVersion,
    _ signature: ManifestSignature?,
    _ policy: inout SignaturePolicy,
    isActive: Bool = false,
    at now: Double = 500
  ) throws(SignatureRefusal) {
    try policy.admit(version.manifest, signature, isActive: isActive, complete: [], at: now)
  }
}
