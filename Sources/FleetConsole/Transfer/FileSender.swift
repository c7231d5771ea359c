package import FleetCore
internal import FleetTransfer
package import Foundation

/// Brings what a node lacks of a version, file after file, from where the node stands.
package struct FileSender: Sendable {
  package enum Progress: Sendable, Equatable {
    /// Bytes of the version that have gone or were there, and how many there are.
    case sent(UInt64, of: UInt64)
    /// Bytes of a delta against a file of that version.
    case delta(of: ModelVersion, sent: UInt64, total: UInt64)
    /// The store's hours are over.
    case waiting(until: Date)
  }

  /// How much shows what a line carries. What comes after may be compressed.
  private static let probeBytes: UInt64 = 4 << 20

  let model: LocalModel
  let pace: TransferPace
  let ledger: TransferLedger
  /// By path, for files that the node can make of one that it has.
  let deltas: [String: DeltaOffer]

  package init(_ model: LocalModel, pace: TransferPace = TransferPace()) {
    self.init(model, pace: pace, ledger: TransferLedger(), deltas: [:])
  }

  init(_ model: LocalModel, pace: TransferPace, ledger: TransferLedger, deltas: [String: DeltaOffer]) {
    self.model = model
    self.pace = pace
    self.ledger = ledger
    self.deltas = deltas
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
      if let offer = deltas[file.path], try await sendDelta(offer, for: file, to: agent, tell) {
        before += file.totalBytes - file.receivedBytes
        continue
      }
      let source = try open(file)
      var offset = file.receivedBytes
      while offset < file.totalBytes {
        try await waitForHours(of: agent.name.store, tell)
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
          pieces(of: reader)
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

  func waitForHours(of store: String, _ tell: @Sendable (Progress) -> Void) async throws(CommandError) {
    guard let opening = pace.opening(of: store) else { return }
    tell(.waiting(until: opening))
    try await pace.waitUntilOpen(store)
  }

  /// What is taken of it counts as sent.
  func pieces(of reader: PieceReader) -> FilePieces {
    FilePieces { [ledger] () async throws(CommandError) in
      let piece = try await reader.next()
      ledger.sent(piece?.count ?? 0)
      return piece
    }
  }

  /// Sizes are looked at before anything is sent: what is wrong cannot be told to a node in the middle of a stream.
  private func open(_ file: StagedFile) throws(CommandError) -> FileSource {
    try FileSource(try ModelFile.path(of: file.path, in: model))
  }
}
