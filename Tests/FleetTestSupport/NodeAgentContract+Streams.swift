import FleetCore
import Synchronization
import Testing

/// What every `NodeAgent` promises of files that come as streams.
extension NodeAgentContract {
  func takesStreams(_ agent: any NodeAgent) async throws {
    _ = try await staged(first, on: agent)
    for file in first.manifest.files {
      let bytes = first.contents[file.path] ?? []
      let half = bytes.count / 2
      #expect(try await send(Array(bytes.prefix(half)), at: 0, of: file.path, to: agent) == UInt64(half))
      let resumed = try await staged(first, on: agent).first { $0.path == file.path }
      #expect(resumed?.receivedBytes == UInt64(half), "a stream goes on where one ended")
      #expect(try await send(Array(bytes.dropFirst(half)), at: UInt64(half), of: file.path, to: agent) == file.bytes)
    }
    #expect(try await staged(first, on: agent).allSatisfy(\.isComplete))
    #expect(try await activated(first, on: agent).active == first.version)
  }

  func keepsWrongStreamsOut(_ agent: any NodeAgent) async throws {
    await expectRefusal(.notFound, [1], at: 0, of: "model.onnx", to: agent)
    _ = try await staged(first, on: agent)
    let file = try #require(first.manifest.files.first)
    let bytes = first.contents[file.path] ?? []
    await expectRefusal(.conflict, saying: "offset 0", [1], at: 1, of: file.path, to: agent)
    await expectRefusal(.notFound, saying: "unlisted.bin", [1], at: 0, of: "unlisted.bin", to: agent)
    await expectRefusal(.invalid, bytes + [0], at: 0, of: file.path, to: agent)
    var flipped = bytes
    flipped[bytes.count / 2] ^= 1
    await expectRefusal(.corrupt, saying: file.path, flipped, at: 0, of: file.path, to: agent)
    let after = try await staged(first, on: agent).first { $0.path == file.path }
    #expect(after?.receivedBytes == 0, "wrong bytes are discarded")
    // And a sender that breaks off leaves what came before.
    let left = Mutex(3)
    let broken = FilePieces { () async throws(CommandError) in
      let piece = left.withLock { left in
        left -= 1
        return left
      }
      guard piece > 0 else { throw CommandError(.failed, "the disk of the operator is gone") }
      return [bytes[2 - piece]]
    }
    let transfer = FileTransfer(digest: first.digest, path: file.path, offset: 0)
    let error = await #expect(throws: CommandError.self) { try await agent.send(transfer, broken) }
    #expect(error == CommandError(.failed, "the disk of the operator is gone"))
    let kept = try await staged(first, on: agent).first { $0.path == file.path }
    #expect(kept.map { $0.receivedBytes <= 2 } == true)
    let offset = kept?.receivedBytes ?? 0
    #expect(
      try await send(Array(bytes.dropFirst(Int(offset))), at: offset, of: file.path, to: agent) == file.bytes,
      "it can be sent again"
    )
  }

  private func send(
    _ bytes: [UInt8],
    at offset: UInt64,
    of path: String,
    to agent: any NodeAgent
  ) async throws(CommandError) -> UInt64 {
    let transfer = FileTransfer(digest: first.digest, path: path, offset: offset)
    return try await agent.send(transfer, FilePieces(bytes, pieceBytes: 700))
  }

  private func expectRefusal(
    _ code: CommandError.Code,
    saying words: String = "",
    _ bytes: [UInt8],
    at offset: UInt64,
    of path: String,
    to agent: any NodeAgent,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    do {
      let received = try await send(bytes, at: offset, of: path, to: agent)
      Issue.record("expected \(code), found \(received) bytes", sourceLocation: sourceLocation)
    } catch {
      #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
      #expect(words.isEmpty || error.message.contains(words), "\(error.message)", sourceLocation: sourceLocation)
    }
  }
}

extension FilePieces {
  /// An array, in pieces.
  package init(_ bytes: [UInt8], pieceBytes: Int) {
    let offset = Mutex(0)
    self.init { () async throws(CommandError) in
      offset.withLock { offset in
        guard offset < bytes.count else { return nil }
        defer { offset += pieceBytes }
        return Array(bytes[offset..<min(offset + pieceBytes, bytes.count)])
      }
    }
  }
}
