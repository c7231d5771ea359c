package import FleetCore
internal import FleetTransfer
package import Foundation

/// Brings what a node lacks of a version, file after file, from where the node stands.
package struct FileSender: Sendable {
  package enum Progress: Sendable, Equatable {
    /// Bytes of the version that have gone or were there, and how many there are.
    case sent(UInt64, of: UInt64)
    /// The store's hours are over.
    case waiting(until: Date)
  }

  /// How much shows what a line carries. What comes after may be compressed.
  private static let probeBytes: UInt64 = 4 << 20

  private let model: LocalModel
  private let pace: TransferPace

  package init(_ model: LocalModel, pace: TransferPace = TransferPace()) {
    self.model = model
    self.pace = pace
  }

  /// `files` is the node's answer to `stage`. A failure leaves what came before it on the node: stage and send again. Throws
  /// `.conflict` when the task is cancelled.
  package func send(
    _ files: [StagedFile],
    to agent: any NodeAgent,
    _ tell: @escaping @Sendable (Progress) -> Void
  ) async throws(CommandError) {
    let total = files.reduce(0) { $0 + $1.totalBytes }
    var before = files.reduce(0) { $0 + $1.receivedBytes }
    var speed = pace.limits.tightest?.bytesPerSecond
    for file in files where !file.isComplete {
      let source = try open(file)
      var offset = file.receivedBytes
      while offset < file.totalBytes {
        if let opening = pace.opening(of: agent.name.store) {
          tell(.waiting(until: opening))
          try await pace.waitUntilOpen(agent.name.store)
        }
        let rest = file.totalBytes - offset
        let isProbe = speed == nil && rest > 2 * Self.probeBytes
        let encoding = try WireEncoding.choice(speed: speed, taken: agent.sendEncodings) { () throws(CommandError) in
          try WireEncoding.remainder(of: source)
        }
        let part = PieceReader.Part(
          node: agent.name,
          start: offset,
          end: isProbe ? offset + Self.probeBytes : file.totalBytes,
          encoding: encoding
        )
        let start = offset
        let sentBefore = before
        let reader = try PieceReader(source, part, pace: pace) { tell(.sent(sentBefore + $0 - start, of: total)) }
        let began = ContinuousClock.now
        let received = try await agent.send(
          FileTransfer(digest: model.manifest.digest, path: file.path, offset: offset, encoding: encoding),
          FilePieces { () async throws(CommandError) in try await reader.next() }
        )
        guard received > offset else {
          throw CommandError(.failed, "'\(file.path)': the node took none of the bytes sent")
        }
        if isProbe { speed = Double(received - offset) / max(began.duration(to: .now).seconds, 1e-6) }
        before += received - offset
        offset = received
      }
    }
    tell(.sent(before, of: total))
  }

  /// Sizes are looked at before anything is sent: what is wrong cannot be told to a node in the middle of a stream.
  private func open(_ file: StagedFile) throws(CommandError) -> FileSource {
    try FileSource(try ModelFile.path(of: file.path, in: model))
  }
}
