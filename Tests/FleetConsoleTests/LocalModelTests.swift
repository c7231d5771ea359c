import FleetCore
import FleetTransfer
import Foundation
import Testing

@testable import FleetConsole

/// Versions on the operator's disk, and those that somebody has prepared there.
@Suite final class LocalModelTests {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent("fleet-models-\(UUID().uuidString)")
  private let key = SigningKey()
  private let version = ModelVersion(name: "tag-reader", number: 2)
  private let contents = ["model.onnx": [UInt8](repeating: 7, count: 3000), "data/labels.txt": Array("0\n1\n".utf8)]

  private var folder: String { root.appendingPathComponent("tag-reader/2").path }
  private var manifest: ModelManifest {
    ModelManifest(
      version: version,
      files: contents.map { .init(path: $0, bytes: UInt64($1.count), sha256: SHA256Text.hash($1)) }
    )
  }

  init() throws {
    for (path, bytes) in contents { try write(bytes, path) }
    try write(manifest.canonicalBytes, ModelManifest.fileName)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  private func write(_ bytes: [UInt8], _ path: String, in folder: String? = nil) throws {
    let url = URL(fileURLWithPath: folder ?? self.folder).appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// A file of `bytes` zeros that takes no space.
  private func writeSparse(_ bytes: UInt64, _ path: String) throws {
    try write([], path)
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder)/\(path)"))
    try handle.truncate(atOffset: bytes)
    try handle.close()
  }

  private func chunk(_ path: String, offset: UInt64 = 0, count: Int = 4) throws -> [UInt8] {
    try FileSource(ModelFile.path(of: path, in: LocalModel(folder: folder))).bytes(at: offset, count: count)
  }

  private func expect(
    _ code: CommandError.Code,
    _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
  ) {
    let error = #expect(throws: CommandError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
  }

  @Test func readsAVersionWithItsSignature() throws {
    #expect(try LocalModel(folder: folder).signature == nil)
    let signature = try key.sign(manifest, counter: 17)
    try write(signature.fileBytes, "signature.json")
    let model = try LocalModel(folder: folder)
    #expect(model.signature == signature && model.manifest == manifest)
    #expect(model.fileProblems == [])
    #expect(try chunk("data/labels.txt", offset: 2, count: 2) == Array("1\n".utf8))
  }

  @Test func pushSendsTheSignature() async throws {
    try write(try key.sign(manifest, counter: 17).fileBytes, "signature.json")
    let node = NodeName(store: "austin-01", node: "a")
    let agent = StageWatcher(name: node)
    let model = try LocalModel(folder: folder)
    _ = await PushJob(PushPlan(model: model, nodes: [node]), agents: AgentDirectory([agent])).run { _ in }
    #expect(await agent.signatures == [try key.sign(manifest, counter: 17)])
  }

  @Test func readsTheSignatureOfTheOpenSSFToolWhenThereIsNoOther() throws {
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/signatures/model.sig")
    try write([UInt8](try Data(contentsOf: fixture)), "model.sig")
    #expect(try LocalModel(folder: folder).signature?.isBundle == true)
    let own = try key.sign(manifest, counter: 17)
    try write(own.fileBytes, "signature.json")
    #expect(try LocalModel(folder: folder).signature == own)
    try FileManager.default.removeItem(atPath: "\(folder)/signature.json")
    try write(Array("{}".utf8), "model.sig")
    expect(.invalid, "\(folder): model.sig: not a Sigstore bundle") { _ = try LocalModel(folder: folder) }
  }

  @Test func brokenSignatureIsNamedWithItsFolder() throws {
    try write(Array("{".utf8), "signature.json")
    expect(.invalid, "\(folder): signature.json: not a signature") { _ = try LocalModel(folder: folder) }
    _ = try LocalModel(unsigned: folder)
  }

  /// A terabyte each, of which nothing is on the disk: reading one as a whole would not end.
  @Test(.timeLimit(.minutes(1))) func hugeFilesAreNotReadAsAWhole() throws {
    for name in ["signature.json", "model.sig"] {
      try writeSparse(1 << 40, name)
      let limit = name == "model.sig" ? ManifestSignature.maximumBundleBytes : ManifestSignature.maximumFileBytes
      expect(.invalid, "\(folder)/\(name): has more than the \(limit) bytes allowed") {
        _ = try LocalModel(folder: folder)
      }
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    try writeSparse(1 << 40, "manifest.json")
    expect(.invalid, "\(folder)/manifest.json: has more than the 1048576 bytes allowed") {
      _ = try LocalModel(folder: folder)
    }
  }

  @Test(arguments: ["model.onnx", "data", "data/labels.txt", "manifest.json", "signature.json"])
  func neverFollowsALink(_ path: String) throws {
    let secret = root.appendingPathComponent("secret")
    let isFolder = path == "data"
    // The same bytes elsewhere: only that it is a link is wrong.
    if isFolder {
      try write(contents["data/labels.txt"] ?? [], "labels.txt", in: secret.path)
    } else if path == "manifest.json" {
      try Data(manifest.canonicalBytes).write(to: secret)
    } else if path == "signature.json" {
      try Data(try key.sign(manifest, counter: 1).fileBytes).write(to: secret)
    } else {
      try Data(contents[path] ?? []).write(to: secret)
    }
    try? FileManager.default.removeItem(atPath: "\(folder)/\(path)")
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/\(path)", withDestinationPath: secret.path)
    expect(.invalid, "\(folder)/\(path): is a link") {
      _ = try LocalModel(folder: folder)
      _ = try chunk(isFolder ? "data/labels.txt" : path)
    }
    if !path.hasSuffix(".json") {
      let problems = try LocalModel(folder: folder).fileProblems
      #expect(problems.count == 1 && problems[0].contains("is a link"))
    }
  }

  /// `models/tag-reader/current`, say: that one the operator chose.
  @Test func theFolderItselfMayBeALink() throws {
    let link = root.appendingPathComponent("current").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
    #expect(try LocalModel(folder: link).fileProblems == [])
  }

  @Test func aFileThatClaimsAnotherSizeIsNotSent() throws {
    try write([UInt8](repeating: 7, count: 3001), "model.onnx")
    expect(.corrupt, "model.onnx: longer than its manifest says (3001 bytes, not 3000); export tag-reader@2 again") {
      _ = try chunk("model.onnx")
    }
    try write([UInt8](repeating: 7, count: 2999), "model.onnx")
    expect(.corrupt, "model.onnx: shorter than its manifest says (2999 bytes, not 3000)") {
      _ = try chunk("model.onnx")
    }
  }

  @Test func everyFileThatDiffersIsNamed() throws {
    try write([UInt8](repeating: 8, count: 3000), "model.onnx")
    try FileManager.default.removeItem(atPath: "\(folder)/data/labels.txt")
    let problems = try LocalModel(folder: folder).fileProblems
    #expect(problems.count == 2)
    #expect(problems[0].contains("data/labels.txt: is missing"))
    #expect(problems[1].contains("model.onnx: its contents are not those of the manifest"))
  }

  @Test func libraryNamesAHostileVersionAndReadsTheOthers() throws {
    let link = root.appendingPathComponent("tag-reader/3").path
    try FileManager.default.createDirectory(atPath: link, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: "\(link)/manifest.json", withDestinationPath: "/etc/passwd")
    let library = ModelLibrary(reading: [.init(name: "tag-reader", path: "tag-reader")], root: root.path)
    #expect(library.models.map(\.version) == [version])
    #expect(library.problems.count == 1 && library.problems[0].contains("tag-reader/3/manifest.json: is a link"))
  }

  // MARK: Counters

  @Test func counterIsTimeOrOneMoreThanTheHighestBeside() throws {
    #expect(try SignatureCounter.next(for: folder, at: 1000.9) == 1000)
    try write(try key.sign(manifest, counter: 5000).fileBytes, "signature.json")
    #expect(try SignatureCounter.next(for: folder, at: 1000) == 5001, "signing it again counts too")
    let sibling = root.appendingPathComponent("tag-reader/1").path
    try write(try key.sign(manifest, counter: 7000).fileBytes, "signature.json", in: sibling)
    #expect(try SignatureCounter.next(for: folder, at: 1000) == 7001)
    #expect(try SignatureCounter.next(for: folder + "/", at: 8000) == 8000)
  }

  @Test func counterIsNotGuessedWhenASignatureBesideCannotBeRead() throws {
    try write(Array("{".utf8), "signature.json")
    #expect(try SignatureCounter.next(for: folder, at: 1000) == 1000, "its own is replaced")
    for number in [1, 3] {
      try write(Array("{".utf8), "signature.json", in: root.appendingPathComponent("tag-reader/\(number)").path)
    }
    expect(.invalid, "tag-reader/3: signature.json: not a signature") {
      _ = try SignatureCounter.next(for: folder, at: 1000)
    }
    let sibling = root.appendingPathComponent("tag-reader/1").path
    try FileManager.default.removeItem(atPath: root.appendingPathComponent("tag-reader/3").path)
    try write(
      try key.sign(manifest, counter: ManifestSignature.largestCounter).fileBytes,
      "signature.json",
      in: sibling
    )
    expect(.invalid, "none can follow") { _ = try SignatureCounter.next(for: folder, at: 1000) }
  }

  // MARK: Verifying

  @Test func checkSaysAllThatANodeWouldSay() throws {
    let trusted = TrustedKeys([key.publicKey])
    let now = Date(timeIntervalSince1970: 2000)
    func problems() throws -> [String] { try SignatureCheck(of: folder, trusted: trusted, at: now).problems }
    #expect(try problems().contains { $0.contains("is not signed") })
    try write(try key.sign(manifest, counter: 17, expires: 2000).fileBytes, "signature.json")
    #expect(try problems() == [])
    try write(try key.sign(manifest, counter: 17, expires: 1999).fileBytes, "signature.json")
    #expect(try problems().map { $0.contains("expired at 1970-01-01T00:33:19Z") } == [true])
    try write(try SigningKey().sign(manifest, counter: 17, expires: 1999).fileBytes, "signature.json")
    try write([1], "model.onnx")
    let all = try problems()
    #expect(all.count == 3, "\(all)")
    #expect(all[0].contains("shorter than its manifest says"))
    #expect(all[1].contains("none of those given with --trusted (\(key.publicKey.short))"))
    #expect(all[2].contains("expired"))
  }
}

/// Takes note of what is announced to it.
private actor StageWatcher: NodeAgent {
  nonisolated let name: NodeName
  private let agent: SimulatedAgent
  private(set) var signatures: [ManifestSignature?] = []

  init(name: NodeName) {
    self.name = name
    agent = SimulatedAgent(name: name)
  }

  func describe() async throws(CommandError) -> NodeDescription { try await agent.describe() }

  nonisolated func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { agent.frames(request) }

  func execute(_ command: Command) async throws(CommandError) -> Outcome {
    if case .stage(_, let signature) = command { signatures.append(signature) }
    return try await agent.execute(command)
  }
}
