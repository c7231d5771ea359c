import FleetAuthority
import FleetCore
import FleetTestSupport
import Foundation
import Testing

@Suite struct SigningKeyFilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func mode(_ path: String) throws -> Int {
    try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `A key is its owner's alone, its public half everybody's`() throws {
    let files = try SigningKeyFiles.create(name: "release", in: folder.path("keys"))
    #expect(files.keyPath == folder.path("keys/release.key") && files.publicPath == folder.path("keys/release.pub"))
    #expect(try mode(files.keyPath) == 0o600)
    #expect(try mode(files.publicPath) == 0o644)
    let key = try SigningKeyFiles.signingKey(at: files.keyPath)
    #expect(try SigningKeyFiles.publicKeys(at: [files.publicPath]) == [key.publicKey])
    #expect(key.publicKey.fingerprint == files.fingerprint)
    #expect(try SigningKeyFiles.show(files.keyPath).keys == [key.publicKey])
    #expect(try SigningKeyFiles.show(files.keyPath).isSecret)
    #expect(try !SigningKeyFiles.show(files.publicPath).isSecret)
  }

  @Test(arguments: ["key", "pub"]) func `Neither half is overwritten`(_ kind: String) throws {
    let path = folder.path("release.\(kind)")
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: CommandError.self) {
      _ = try SigningKeyFiles.create(name: "release", in: folder.path)
    }
    #expect(error?.code == .conflict && error?.message.contains("'\(path)' is there already") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["release.\(kind)"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
  }

  @Test(arguments: [0o644, 0o640, 0o602, 0o660]) func `A key that others can read signs nothing`(_ mode: Int) throws {
    let files = try SigningKeyFiles.create(name: "release", in: folder.path)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: files.keyPath)
    let error = #expect(throws: CommandError.self) { _ = try SigningKeyFiles.signingKey(at: files.keyPath) }
    #expect(error?.code == .denied && error?.message.contains("mode \(String(mode, radix: 8))") == true)
  }

  @Test func `Every file that holds no key is named`() throws {
    let files = try SigningKeyFiles.create(name: "release", in: folder.path)
    try Data("noise".utf8).write(to: URL(fileURLWithPath: folder.path("noise")))
    try Data(count: 100_000).write(to: URL(fileURLWithPath: folder.path("large")))
    let paths = [files.publicPath, files.keyPath, "noise", "large", "missing", ""].map {
      $0.hasPrefix("/") ? $0 : folder.path($0)
    }
    let error = #expect(throws: CommandError.self) { _ = try SigningKeyFiles.publicKeys(at: paths) }
    let lines = error?.message.split(separator: "\n").map(String.init) ?? []
    let words = ["holds a private key", "holds no key", "more than 64 KB", "cannot be read", "is no file"]
    #expect(lines.count == words.count, "\(lines)")
    for (line, word) in zip(lines, words) { #expect(line.contains(word), "\(line)") }
  }

  @Test func `A name that is no file's is refused`() {
    for name in ["", "..", "a/b", "a b"] {
      let error = #expect(throws: CommandError.self) { _ = try SigningKeyFiles.create(name: name, in: folder.path) }
      #expect(error?.code == .invalid)
    }
  }
}
