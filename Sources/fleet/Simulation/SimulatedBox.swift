import FleetCore
import FleetWire
import Foundation
import Synchronization

/// One simulated node as the network sees it: its twin in memory behind the real server, on a line that is slow, or away.
final class SimulatedBox: NodeAgent {
  let name: NodeName
  /// HOST:PORT of its control API.
  let address: String
  let faults: BoxFaults
  private let agent: SimulatedAgent
  private let store: SimulatedStore
  private let credentials: Credentials
  private let state: Mutex<State>

  private struct State {
    var presence: Presence
    var vanishing: Vanishing?
    /// What the versions on their way here have in bytes.
    var totals: [ModelDigest: UInt64] = [:]
    /// Ends the server's turn when the box vanishes.
    var turn: AsyncStream<Never>.Continuation?
  }

  init(
    _ box: SimulationPlan.Box,
    agent: SimulatedAgent,
    store: SimulatedStore,
    address: String,
    credentials: Credentials
  ) {
    name = box.name
    faults = box.faults
    self.agent = agent
    self.store = store
    self.address = address
    self.credentials = credentials
    state = Mutex(State(presence: Presence(spells: box.faults.spells), vanishing: box.faults.vanishing))
  }

  /// Whether it can be reached now, as far as its faults go.
  var isHere: Bool {
    if case .here = presence { true } else { false }
  }

  private var presence: Presence.State {
    let now = SimulationClock.seconds
    return state.withLock { $0.presence.state(at: now) }
  }

  // MARK: The agent

  func describe() async throws(CommandError) -> NodeDescription { try await agent.describe() }

  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { agent.frames(request) }

  func holdAutoDrain(because reason: String) async throws(CommandError) { try store.hold(name, because: reason) }

  func execute(_ command: Command) async throws(CommandError) -> Outcome {
    switch command {
    case .stage(let manifest, _):
      state.withLock { $0.totals[manifest.digest] = manifest.totalBytes }
    case .write(let chunk):
      try vanishIfDue(chunk)
      do {
        try await store.carry(chunk.bytes.count)
      } catch {
        throw CommandError(.unreachable, "the line to \(name) broke")
      }
    case .activate:
      // Compiling and warming take their time.
      try? await Task.sleep(for: .milliseconds(Int.random(in: 100...400)))
    case .evaluate(let version, _):
      await agent.setGolden(VersionTraits.of(version).golden, for: version)
    case .drain(let order):
      try store.leave(name, order)
    case .undrain: store.comeBack(name)
    case .confirm, .rollback: break
    }
    do throws(CommandError) {
      return try await agent.execute(command)
    } catch {
      if case .drain = command { store.comeBack(name) }
      throw error
    }
  }

  private func vanishIfDue(_ chunk: FileChunk) throws(CommandError) {
    let now = SimulationClock.seconds
    let vanishes = state.withLock { state in
      guard let total = state.totals[chunk.digest],
        state.vanishing?.writing(chunk.bytes.count, of: chunk.digest, total: total) == true
      else { return false }
      state.presence.vanish(at: now, seconds: state.vanishing?.seconds ?? 0)
      state.turn?.finish()
      return true
    }
    guard vanishes else { return }
    throw CommandError(.unreachable, "\(name) went away")
  }

  // MARK: Its line

  /// Serves until the task is cancelled. While the box is away its listener is closed and its connections are cut.
  func run() async {
    await withDiscardingTaskGroup { servers in
      while !Task.isCancelled {
        switch presence {
        case .away(let until):
          await sleep(until: until)
        case .here(let until):
          let (ended, turn) = AsyncStream.makeStream(of: Never.self)
          state.withLock { $0.turn = turn }
          let server: AgentServer
          do throws(CommandError) {
            server = try AgentServer(agent: self, address: address, credentials: credentials)
          } catch {
            return Complaint.print(error.message)
          }
          // What is under way when the line is cut may end later than that, beside the next turn.
          servers.addTask { await Self.serve(server, turn) }
          await withTaskGroup { group in
            group.addTask { for await _ in ended {} }
            if let until { group.addTask { await self.sleep(until: until) } }
            await group.next()
            group.cancelAll()
          }
          server.cut()
        }
      }
    }
  }

  private static func serve(_ server: AgentServer, _ turn: AsyncStream<Never>.Continuation) async {
    do throws(CommandError) {
      try await server.run()
    } catch {
      Complaint.print(error.message)
      // Somebody else has the port; it may be free again soon.
      try? await Task.sleep(for: .seconds(2))
    }
    turn.finish()
  }

  private func sleep(until: Double) async {
    // A moment more: whoever wakes up must find that time has come.
    try? await Task.sleep(for: .seconds(max(0, until - SimulationClock.seconds) + 0.001))
  }
}
