import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import Synchronization

/// One watcher's stream of frames. It ends with an error when the link breaks and when the node falls silent, so that
/// nobody waits for a node that is no more.
struct FrameWatch: Sendable {
  let words: LinkWords
  let trouble: LinkTrouble
  let silence: Duration

  func run(
    _ request: FrameRequest,
    over calls: Fleet_V1_NodeAgent.Client<HTTP2ClientTransport.Posix>,
    into continuation: AsyncThrowingStream<Frame, any Error>.Continuation
  ) async {
    let lastHeard = LastHeard()
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await calls.watch(Fleet_V1_WatchRequest(request)) { response in
            for try await message in response.messages {
              lastHeard.note()
              do throws(CommandError) {
                continuation.yield(try Frame(wire: message))
              } catch {
                throw words.unreadable("a frame", because: error)
              }
            }
          }
          throw CommandError(.unreachable, "\(words.node) at \(words.address) ended its stream: its agent is stopping")
        }
        group.addTask {
          while lastHeard.age < silence { try await Task.sleep(for: silence - lastHeard.age) }
          throw trouble.current ?? words.silentWatch(silence)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
      continuation.finish()
    } catch {
      let error = words.commandError(error, calling: "watch", deadline: nil, trouble: trouble.current)
      continuation.finish(throwing: error)
    }
  }
}

/// When something was heard last.
final class LastHeard: Sendable {
  private let instant = Mutex(ContinuousClock.now)

  var age: Duration { instant.withLock { $0.duration(to: .now) } }

  func note() { instant.withLock { $0 = .now } }
}
