import FleetCore
import FleetWire

/// Where engines come from. Tests give one that lives in their own process.
package protocol EngineSpawner: Sendable {
  func spawn() async throws -> any RunningEngine
}

/// An engine that was started: a link to it, and its life.
package protocol RunningEngine: Sendable {
  var pid: Int32 { get }
  var link: EngineLink { get }

  /// Asks it to finish what is in flight and end.
  func terminate()

  /// Ends it at once.
  func kill()

  /// Waits for its end.
  func ended() async -> ProcessEnd
}

/// Starts engines as children: the same binary with the subcommand `engine`.
package struct EngineProcessSpawner: EngineSpawner {
  /// The running program itself, also when its file was replaced by an update meanwhile.
  private static let program = "/proc/self/exe"

  private let arguments: EngineArguments
  private let sockets: EngineSockets

  package init(arguments: EngineArguments, sockets: EngineSockets) {
    self.arguments = arguments
    self.sockets = sockets
  }

  package func spawn() async throws -> any RunningEngine {
    let (ours, theirs) = try Descriptor.socketPair()
    let link = try EngineLink(socket: ours)
    let memory = try SharedMemory(bytes: FlightRecord.bytes)
    let child = try await ChildProcess.spawn(
      program: Self.program,
      arguments: arguments.list,
      inherited: [theirs, sockets.http.descriptor, memory.descriptor] + [sockets.grpc?.descriptor].compactMap { $0 }
    )
    return Engine(child: child, link: link, memory: memory)
  }

  private struct Engine: RunningEngine {
    let child: ChildProcess
    let link: EngineLink
    let memory: SharedMemory

    var pid: Int32 { child.pid }

    func terminate() { child.kill(15) }
    func kill() { child.kill(9) }

    func ended() async -> ProcessEnd {
      var end = await child.ended()
      end.record = FlightRecord(bytes: (try? memory.contents()) ?? [])
      return end
    }
  }
}
