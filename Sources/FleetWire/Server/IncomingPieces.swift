import FleetCore
import GRPCCore
import Synchronization

/// The messages of a call that brings a file, pulled one at a time. One that does not come in time is given up: its sender may be
/// gone without a word, and what came before it is kept.
///
/// `@unchecked`, because gRPC's iterator is for one reader, and so are `FilePieces`, which alone call `next` after the first message.
final class IncomingPieces: @unchecked Sendable {
  private var iterator: RPCAsyncSequence<Fleet_V1_SendRequest, any Error>.AsyncIterator
  private let lastHeard = Mutex(ContinuousClock.now)

  init(_ messages: RPCAsyncSequence<Fleet_V1_SendRequest, any Error>) {
    iterator = messages.makeAsyncIterator()
  }

  func next() async throws(CommandError) -> Fleet_V1_SendRequest? {
    do {
      let message = try await iterator.next()
      lastHeard.withLock { $0 = .now }
      return message
    } catch {
      throw CommandError(.unreachable, "the line broke in the middle of a file; what came before is kept")
    }
  }

  var pieces: FilePieces {
    FilePieces { [self] () async throws(CommandError) in
      try await next().map { (message) throws(CommandError) in try FileTransfer.piece(wire: message) }
    }
  }

  /// Returns when nothing has come for `silence`.
  func waitForSilence(of silence: Duration) async throws {
    while true {
      let age = lastHeard.withLock { $0.duration(to: .now) }
      guard age < silence else { return }
      try await Task.sleep(for: silence - age)
    }
  }
}
