import FleetCore
import FleetTestSupport
import GRPCCore
import Synchronization
import Testing

@testable import FleetWire

@Suite struct StalledWatcherTests {
  /// The server's side of a watcher whose line is full: while a write waits, frames are dropped, not queued.
  @Test func `A watcher whose line is full costs one frame of memory`() async throws {
    let agent = SimulatedAgent(name: TestFleet.austin)
    let writer = StalledWriter(agent: agent)
    var request = Fleet_V1_WatchRequest()
    request.intervalMilliseconds = 100
    let context = ServerContext(
      descriptor: Fleet_V1_NodeAgent.Method.Watch.descriptor,
      remotePeer: "test",
      localPeer: "test",
      cancellation: ServerContext.RPCCancellationHandle()
    )
    await #expect(throws: StalledWriter.Enough.self) {
      try await AgentService(agent: agent).watch(
        request: request,
        response: RPCWriter(wrapping: writer),
        context: context
      )
    }
    let sequences = writer.sequences
    try #require(sequences.count == 3)
    #expect(sequences[1] > sequences[0] + 10, "\(sequences)")
  }
}

/// Takes three frames; the first one only after the agent has made many more.
private final class StalledWriter: RPCWriterProtocol {
  struct Enough: Error {}

  private let agent: SimulatedAgent
  private let written = Mutex<[UInt64]>([])

  init(agent: SimulatedAgent) { self.agent = agent }

  var sequences: [UInt64] { written.withLock { $0 } }

  func write(_ element: Fleet_V1_Frame) async throws {
    if sequences.isEmpty {
      for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100)))
      where frame.sequence > element.sequence + 20 { break }
    }
    written.withLock { $0.append(element.sequence) }
    if sequences.count == 3 { throw Enough() }
  }

  func write(contentsOf elements: some Sequence<Fleet_V1_Frame>) async throws {
    for element in elements { try await write(element) }
  }
}
