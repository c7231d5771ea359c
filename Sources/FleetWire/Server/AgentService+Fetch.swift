import FleetCore
import FoundationEssentials
import GRPCCore
import Synchronization

/// Files that nodes of a store give each other.
extension AgentService {
  /// Also of a fetch that stands still: whoever ordered it knows then that this node is there.
  private static var progressInterval: Duration { .milliseconds(250) }

  func fetch(
    request: Fleet_V1_FetchRequest,
    response: RPCWriter<Fleet_V1_FetchProgress>,
    context: ServerContext
  ) async throws {
    let received = ReceivedBytes()
    let order = try await answering { () async throws(CommandError) in try FetchOrder(wire: request) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await answering { () async throws(CommandError) in
          try await agent.fetch(order) { received.set($0) }
        }
      }
      group.addTask {
        while true {
          try await Task.sleep(for: Self.progressInterval)
          try await response.write(received.progress)
        }
      }
      group.addTask {
        try await context.cancellation.cancelled
        throw ErrorCoding.status(CommandError(.unreachable, "\(agent.name) is stopping; what came is kept"))
      }
      defer { group.cancelAll() }
      try await group.next()
    }
    try await response.write(received.progress)
  }

  func read(request: Fleet_V1_ReadRequest, context: ServerContext) async throws -> Fleet_V1_ReadReply {
    try await answering { () async throws(CommandError) in
      var reply = Fleet_V1_ReadReply()
      reply.content = Data(try await agent.read(FilePart(wire: request)))
      return reply
    }
  }
}

/// How much of a version is there while it is fetched.
private final class ReceivedBytes: Sendable {
  private let bytes = Mutex<UInt64>(0)

  func set(_ bytes: UInt64) { self.bytes.withLock { $0 = bytes } }

  var progress: Fleet_V1_FetchProgress {
    var progress = Fleet_V1_FetchProgress()
    progress.receivedBytes = bytes.withLock { $0 }
    return progress
  }
}
