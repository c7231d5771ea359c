import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import Synchronization

/// One file on its way to a node. It may take as long as the line is thin, but it never stands still for long: a node that takes no
/// piece within `patience`, or does not answer after the last, is given up.
struct FileStream: Sendable {
  let words: LinkWords
  let link: LinkTrouble
  let patience: Duration

  func run(
    _ transfer: FileTransfer,
    _ pieces: FilePieces,
    over calls: Fleet_V1_NodeAgent.Client<HTTP2ClientTransport.Posix>
  ) async throws(CommandError) -> UInt64 {
    let waiting = Waiting()
    let source = SourceTrouble()
    do {
      let reply = try await withThrowingTaskGroup(of: Fleet_V1_SendReply.self) { group in
        group.addTask {
          try await calls.send { writer in
            try await writer.write(Fleet_V1_SendRequest(transfer))
            while true {
              waiting.pause()
              let piece: [UInt8]?
              do throws(CommandError) { piece = try await pieces.next() } catch {
                // A call that broke ends what feeds it: that is no trouble of the source.
                if !Task.isCancelled { source.note(error) }
                throw error
              }
              waiting.begin()
              guard let piece else { return }
              try await writer.write(Fleet_V1_SendRequest(piece: piece))
            }
          }
        }
        group.addTask {
          while waiting.age < patience { try await Task.sleep(for: max(patience - waiting.age, .milliseconds(10))) }
          throw RPCError(code: .deadlineExceeded, message: "no progress")
        }
        defer { group.cancelAll() }
        guard let reply = try await group.next() else { throw CancellationError() }
        return reply
      }
      return try WireValue.count(reply.receivedBytes, "received_bytes")
    } catch {
      if let error = source.error { throw error }
      throw words.commandError(error, calling: "send", deadline: patience, trouble: link.current)
    }
  }

  /// Since when the node has been waited for; not while the next piece is waited for.
  private final class Waiting: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(.now)

    var age: Duration { since.withLock { $0?.duration(to: .now) ?? .zero } }

    func begin() { since.withLock { $0 = .now } }
    func pause() { since.withLock { $0 = nil } }
  }

  /// Why there are no more pieces. gRPC wraps what a sender of messages throws beyond recognition.
  private final class SourceTrouble: Sendable {
    private let first = Mutex<CommandError?>(nil)

    var error: CommandError? { first.withLock { $0 } }

    func note(_ error: CommandError) { first.withLock { $0 = error } }
  }
}
