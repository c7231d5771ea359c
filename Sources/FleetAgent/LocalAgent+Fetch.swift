package import FleetCore
import FleetWire
import Synchronization

/// Versions that come from a sibling.
extension LocalAgent {
  package nonisolated var canFetch: Bool { credentials != nil }

  package func fetch(
    _ order: FetchOrder,
    _ tell: @escaping @Sendable (_ received: UInt64) -> Void
  ) async throws(CommandError) {
    guard let credentials else { throw CommandError(.invalid, "\(name) has no certificate to show to siblings") }
    guard order.sibling.store == name.store, order.sibling != name else {
      throw CommandError(.invalid, "\(order.sibling) is no sibling of \(name)")
    }
    let files = try await repository.progress(of: order.digest)
    let sibling = try RemoteAgent(
      name: order.sibling,
      address: order.address,
      credentials: credentials,
      deadlines: Deadlines(write: SiblingReader.patience),
      window: FileTransfer.maximumPieceBytes
    )
    defer { sibling.close() }
    let reader = SiblingReader(sibling, order)
    var before = files.reduce(0) { $0 + $1.receivedBytes }
    tell(before)
    for file in files where !file.isComplete {
      let (start, there) = (file.receivedBytes, before)
      await reader.begin(file)
      let transfer = FileTransfer(digest: order.digest, path: file.path, offset: start)
      let pieces = FilePieces { () async throws(CommandError) in
        let piece = try await reader.next()
        await tell(there + reader.offset - start)
        return piece
      }
      do throws(CommandError) {
        let received = try await send(transfer, pieces)
        guard received == file.totalBytes else { throw CommandError(.failed, "'\(file.path)' ended too early") }
      } catch {
        // That the sibling is away says nothing of the line to whoever gave the order.
        let isOfTheirs = error.code == .unreachable || error.code == .timeout
        throw CommandError(isOfTheirs ? .failed : error.code, "from \(order.sibling): \(error.message)")
      }
      before += file.totalBytes - start
    }
  }

  package func read(_ part: FilePart) async throws(CommandError) -> [UInt8] { try await repository.read(part) }
}
