package import FleetCore
package import FleetWire
import Synchronization

/// The agent's end of the socket to its engine: sends commands, matches replies by number, gives up at a deadline.
package final class EngineLink: Sendable {
  private struct State {
    var nextID: UInt64 = 0
    var isClosed = false
    var pending: [UInt64: Call] = [:]
  }

  private struct Call {
    var continuation: CheckedContinuation<EngineReply, any Error>
    /// Ends the call at its deadline.
    var expiry: Task<Void, Never>
  }

  private let socket: Descriptor
  private let state = Mutex(State())

  package init(socket: Descriptor) throws {
    self.socket = socket
    try OwnThread.start("engine-link") { [weak self] in
      var buffer: [UInt8] = []
      while let bytes = try? socket.read(upTo: 64 * 1024), !bytes.isEmpty {
        buffer += bytes
        do {
          while let response = try EngineFraming.decode(EngineResponse.self, from: &buffer) {
            self?.finish(response.id, .success(response.reply))
          }
        } catch {
          break
        }
      }
      self?.close()
    }
  }

  deinit {
    socket.shutDown()
  }

  /// Throws `.unreachable` when the engine is gone and `.timeout` when it is silent.
  package func call(_ command: EngineCommand, within deadline: Duration) async throws(CommandError) -> EngineReply {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    do {
      return try await withCheckedThrowingContinuation { continuation in
        let isClosed = state.withLock { state in
          // The expiry waits for this lock, so it finds the call; and it is nobody's child, so it outlives a cancelled caller.
          if !state.isClosed {
            state.pending[id] = Call(continuation: continuation, expiry: expiry(of: id, after: deadline))
          }
          return state.isClosed
        }
        if isClosed { return continuation.resume(throwing: Self.gone) }
        do {
          try socket.send(EngineFraming.encode(EngineRequest(id: id, command: command)))
        } catch {
          finish(id, .failure(CommandError(.unreachable, "the engine takes no commands: \(error)")))
        }
      }
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.failed, "\(error)")
    }
  }

  /// Whether the engine has hung up, or we have.
  package var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Ends the link, which ends the engine.
  package func close() {
    socket.shutDown()
    let pending = state.withLock { state in
      state.isClosed = true
      defer { state.pending = [:] }
      return state.pending.values.map { $0 }
    }
    for call in pending {
      call.expiry.cancel()
      call.continuation.resume(throwing: Self.gone)
    }
  }

  private static let gone = CommandError(.unreachable, "the engine is gone")

  private func expiry(of id: UInt64, after deadline: Duration) -> Task<Void, Never> {
    Task { [weak self] in
      do {
        try await Task.sleep(for: deadline)
        let words = "the engine did not answer within \(Quantity.text(deadline))"
        self?.finish(id, .failure(CommandError(.timeout, words)))
      } catch {
        // The reply was there first.
      }
    }
  }

  private func finish(_ id: UInt64, _ result: Result<EngineReply, any Error>) {
    guard let call = state.withLock({ $0.pending.removeValue(forKey: id) }) else { return }
    call.expiry.cancel()
    call.continuation.resume(with: result)
  }
}
