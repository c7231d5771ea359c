package import FleetCore
import FoundationEssentials
import GRPCCore

/// Files that nodes of a store give each other.
extension RemoteAgent {
  package var siblingAddress: String? { address }

  /// May take as long as it takes, but a node that does not say for long how far it is, is given up.
  package func fetch(
    _ order: FetchOrder,
    _ tell: @escaping @Sendable (_ received: UInt64) -> Void
  ) async throws(CommandError) {
    start()
    let (heard, patience, calls) = (LastHeard(), deadlines.write, Calls(wrapping: client))
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await calls.fetch(Fleet_V1_FetchRequest(order)) { response in
            for try await message in response.messages {
              heard.note()
              tell(message.receivedBytes)
            }
          }
        }
        group.addTask {
          while heard.age < patience { try await Task.sleep(for: max(patience - heard.age, .milliseconds(10))) }
          throw RPCError(code: .deadlineExceeded, message: "no progress")
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch {
      throw words.commandError(error, calling: "fetch", deadline: patience, trouble: trouble.current)
    }
  }

  package func read(_ part: FilePart) async throws(CommandError) -> [UInt8] {
    let reply = try await call("read", deadlines.write) { (calls, options) in
      try await calls.read(Fleet_V1_ReadRequest(part), options: options)
    }
    guard reply.content.count == part.count else {
      let found = reply.content.count
      throw CommandError(.corrupt, "\(name) gave \(found) bytes of '\(part.path)' where \(part.count) were asked for")
    }
    return Array(reply.content)
  }
}
