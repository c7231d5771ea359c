import FleetFuzz
import Foundation
import Testing

/// Whatever fuzzing once began with or found: the server must survive it, answer, and never with a 500.
struct CorpusTests {
  struct Entry: Sendable, CustomTestStringConvertible {
    var target: FuzzTarget
    var file: URL

    var testDescription: String { "\(target.rawValue)/\(file.lastPathComponent)" }
  }

  static let entries: [Entry] = FuzzTarget.allCases.flatMap { target in
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Corpus/\(target.rawValue)")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.sorted { $0.path < $1.path }.map { Entry(target: target, file: $0) }
  }

  @Test(arguments: FuzzTarget.allCases)
  func everyTargetHasACorpus(_ target: FuzzTarget) {
    #expect(Self.entries.filter { $0.target == target }.count > 5)
  }

  @Test(arguments: entries)
  func survivesTheCorpus(_ entry: Entry) async throws {
    let bytes = Array(try Data(contentsOf: entry.file))
    try await Self.run(entry.target, bytes)
  }

  @Test(arguments: GeneratedInputs.all)
  func survivesGeneratedInputs(_ input: GeneratedInputs.Input) async throws {
    try await Self.run(input.target, input.bytes)
  }

  /// Cut anywhere, a right input is a wrong one.
  @Test(arguments: FuzzTarget.allCases)
  func survivesHalves(_ target: FuzzTarget) async throws {
    for entry in Self.entries where entry.target == target {
      let bytes = Array(try Data(contentsOf: entry.file))
      for length in stride(from: 0, to: min(bytes.count, 400), by: 37) {
        try await Self.run(target, Array(bytes[..<length]))
      }
    }
  }

  /// Targets block: on a thread of their own they hold up no other test.
  private static func run(_ target: FuzzTarget, _ bytes: [UInt8]) async throws {
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      Thread { done.resume(with: Result { try target.run(bytes) }) }.start()
    }
  }
}
