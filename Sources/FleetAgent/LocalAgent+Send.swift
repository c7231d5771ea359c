package import FleetCore

/// Files that come as streams.
extension LocalAgent {
  /// How long a stream whose line broke may take to write what came before.
  private static let longestEnding = Duration.seconds(1)

  package nonisolated var sendEncodings: Set<FileTransfer.Encoding> { [.raw, .zstd, .delta] }

  package func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    let number = try await repository.begin(transfer)
    do throws(CommandError) {
      while let piece = try await pieces.next() {
        try await repository.receive(piece, by: number, of: transfer.digest)
      }
      if transfer.delta != nil { try await rebuild(number, transfer.digest) }
    } catch {
      _ = try? await repository.end(number, of: transfer.digest)
      throw error
    }
    let received = try await repository.end(number, of: transfer.digest)
    await tellOfRepository()
    return received
  }

  /// Makes the file of a delta that has come as a whole. Whatever is wrong with it, nothing of it is kept, and what is served stays.
  private func rebuild(_ number: UInt64, _ digest: ModelDigest) async throws(CommandError) {
    do throws(CommandError) {
      guard let rebuild = try await repository.rebuild(by: number, of: digest) else { return }
      try await repository.rebuilder.run(rebuild)
      try await repository.adopt(by: number, of: digest)
    } catch {
      if error.code != .conflict { await repository.discardDeltas(of: digest) }
      throw error
    }
  }

  /// Whether a stream of that version is under way, or what came of one is still being written.
  package func isReceiving(_ digest: ModelDigest) async -> Bool { await repository.isReceiving(digest) }

  /// A sender whose line broke comes back before all that it sent is written. It is told where the node stands after that, so that it
  /// sends nothing twice. A stream whose sender is gone without a word is not waited for for long.
  func letStreamEnd(of digest: ModelDigest) async {
    let end = ContinuousClock.now + Self.longestEnding
    while await isReceiving(digest), ContinuousClock.now < end {
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return }
    }
  }
}
