import Foundation
import Testing

extension EndToEnd {
  private struct Signed: Decodable {
    var name: String
    var version: Int
    var digest: String
    var key: String?
    var counter: UInt64?
    var expires: String?
    var problems: [String]
  }

  /// From the key to what a box would say, and OpenSSL says the same.
  @Test func versionIsSignedAndVerified() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-sign-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = folder.appending(path: "3")
    try FileManager.default.copyItem(at: Programs.fixtures.appending(path: "models/tag-reader/3"), to: model)
    let keys = folder.appending(path: "keys")
    let (secret, open) = (keys.appending(path: "release.key").path, keys.appending(path: "release.pub").path)

    let created = try await Program.fleet("key", "create", "release", "--folder", keys.path)
    #expect(created.status == 0 && created.output.contains("fleetd run --trusted-key release.pub"), "\(created)")
    let again = try await Program.fleet("key", "create", "release", "--folder", keys.path)
    #expect(again.status == 1 && again.errors.contains("is there already"), "\(again)")
    let shown = try await Program.fleet("key", "show", open)
    let fingerprint = String(shown.output.prefix(64))
    #expect(shown.status == 0 && created.output.contains("fingerprint \(fingerprint)"), "\(shown)")
    let unsigned = try await Program.fleet("verify", model.path, "--trusted", open)
    #expect(unsigned.status == 1 && unsigned.errors.contains("tag-reader@3 is not signed"), "\(unsigned)")

    let signed = try await Program.fleet("sign", model.path, "--key", secret, "--expires", "90d", "--json")
    #expect(signed.status == 0, "\(signed)")
    let signature = try signed.decoded(Signed.self)
    #expect(signature.name == "tag-reader" && signature.version == 3 && signature.key == fingerprint)
    let counter = try #require(signature.counter)
    #expect(Double(counter) > Date().timeIntervalSince1970 - 60)
    let verified = try await Program.fleet("verify", model.path, "--trusted", open, "--json")
    #expect(verified.status == 0, "\(verified)")
    #expect(try verified.decoded(Signed.self).problems == [])

    let file = try JSONSerialization.jsonObject(with: Data(contentsOf: model.appending(path: "signature.json")))
    let table = try #require(file as? [String: Any])
    let statement = """
      fleet manifest signature v1
      manifest \(signature.digest)
      version 3
      counter \(counter)
      expires \(table["expires"] ?? "")
      name tag-reader

      """
    try Data(statement.utf8).write(to: folder.appending(path: "statement"))
    let digits = Array(try #require(table["signature"] as? String))
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    try Data(bytes).write(to: folder.appending(path: "signature"))
    let openssl = try await Program.run(
      URL(filePath: "/usr/bin/openssl"),
      [
        "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", open, "-in", folder.appending(path: "statement").path,
        "-sigfile", folder.appending(path: "signature").path,
      ]
    )
    #expect(openssl.status == 0, "\(openssl)")

    let later = try await Program.fleet("sign", model.path, "--key", secret, "--json")
    #expect(try later.decoded(Signed.self).counter ?? 0 > counter, "\(later)")
    #expect(try later.decoded(Signed.self).expires == nil)

    _ = try await Program.fleet("key", "create", "other", "--folder", keys.path)
    let foreign = try await Program.fleet("verify", model.path, "--trusted", keys.appending(path: "other.pub").path)
    #expect(foreign.status == 1 && foreign.errors.contains("none of those given with --trusted"), "\(foreign)")
    var weights = try Data(contentsOf: model.appending(path: "model.onnx"))
    weights[100] ^= 1
    try weights.write(to: model.appending(path: "model.onnx"))
    let tampered = try await Program.fleet("verify", model.path, "--trusted", open)
    #expect(tampered.status == 1 && tampered.errors.contains("are not those of the manifest"), "\(tampered)")
    let refused = try await Program.fleet("sign", model.path, "--key", secret)
    #expect(refused.status == 1 && refused.errors.contains("tag-reader@3 was not signed"), "\(refused)")
  }

  @Test func wrongUsageOfKeysIsTold() async throws {
    let model = Programs.fixtures.appending(path: "models/tag-reader/3").path
    let cases: [(arguments: [String], status: Int32, words: String)] = [
      (["key", "create", "a b"], 2, "'a b' cannot be a key's name"),
      (["sign", model, "--key", "/nowhere.key", "--expires", "soon"], 2, "expected a duration such as '90d'"),
      (["sign", model, "--key", "/nowhere.key", "--counter", "0"], 2, "--counter: expected 1 to"),
      (["sign", model, "--key", "/nowhere.key"], 1, "'/nowhere.key' cannot be read"),
      (["key", "show", "\(model)/manifest.json"], 1, "holds no key"),
      (["key", "show", "\(model)/model.onnx"], 1, "more than 64 KB"),
      (["verify", "/nowhere", "--trusted", "/nowhere.pub"], 1, "'/nowhere.pub' cannot be read"),
    ]
    for (arguments, status, words) in cases {
      let result = try await Program.run(Programs.fleet, arguments)
      #expect(result.status == status, "\(arguments): \(result)")
      #expect(result.errors.contains(words), "\(arguments): \(result)")
    }
  }
}
