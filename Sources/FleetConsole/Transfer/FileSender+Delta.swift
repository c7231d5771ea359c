internal import FleetCore
internal import FleetTransfer

/// Files that a node makes of one that it has.
extension FileSender {
  /// False when the node would not make the file of it, for whatever reason: then it is to go as it is. A line that breaks is no such
  /// reason, unless it does so again and again when all was sent: what is made of the delta may be the node's end.
  func sendDelta(
    _ offer: DeltaOffer,
    for file: StagedFile,
    to agent: any NodeAgent,
    _ tell: @escaping @Sendable (Progress) -> Void
  ) async throws(CommandError) -> Bool {
    var offset: UInt64 = 0
    if let partial = file.delta, partial.sha256 == offer.delta.sha256, partial.receivedBytes <= offer.bytes {
      offset = partial.receivedBytes
    }
    repeat {
      try await waitForHours(of: agent.name.store, tell)
      let part = PieceReader.Part(node: agent.name, start: offset, end: offer.bytes, encoding: .raw)
      let reader = try PieceReader(offer.source, part, pace: pace) { sent in
        tell(.delta(of: offer.base, sent: sent, total: offer.bytes))
      }
      let transfer = FileTransfer(digest: model.manifest.digest, path: file.path, offset: offset, delta: offer.delta)
      do throws(CommandError) {
        let received = try await agent.send(transfer, pieces(of: reader))
        guard received > offset || received == offer.bytes else {
          throw CommandError(.failed, "the node took none of the bytes sent")
        }
        offset = received
      } catch {
        if Task.isCancelled || error.code == .conflict { throw error }
        if error.isOfTheLink {
          if await reader.isAtEnd { ledger.lostWholeDelta(of: file.path, error.message) }
          throw error
        }
        ledger.refuseDelta(of: file.path, error.message)
        return false
      }
    } while offset < offer.bytes
    ledger.used(offer.base)
    return true
  }
}
