import FleetConsole
import FleetCore
import Foundation

/// Follows a fleet without a screen: the same state, changed by the same messages, for `status` and `watch`. The one thing it does
/// to nodes is what each console does: it has those stay that would drain themselves beyond the fleet's share.
struct FleetListener {
  let definition: FleetDefinition
  let agents: [any NodeAgent]
  /// Enough frames of the past for the rates and percentiles of the last 10 s to be there at once.
  private static let history = 12

  /// Calls `onChange` after each message and each `tick` until it gives false; gives the last state. `extra` brings messages from
  /// elsewhere. Who keeps a state in between has it copied at the next message.
  @discardableResult
  func run(
    tick: Duration,
    extra: AsyncStream<Message>? = nil,
    onChange: (FleetState, _ isTick: Bool) throws -> Bool
  ) async throws -> FleetState {
    let (messages, continuation) = AsyncStream.makeStream(of: Message.self, bufferingPolicy: .bufferingNewest(32_768))
    let clock = ConsoleClock.system()
    var state = FleetState(definition: definition, now: clock.now())
    let gate = DialGate()
    let followers = Task {
      await withTaskGroup { group in
        for agent in agents {
          group.addTask {
            await NodeFollower(agent, history: Self.history, gate: gate, send: { continuation.yield($0) }).run()
          }
        }
        if let extra {
          group.addTask { for await message in extra { continuation.yield(message) } }
        }
        group.addTask {
          while !Task.isCancelled {
            try? await Task.sleep(for: tick)
            continuation.yield(.tick)
          }
        }
      }
    }
    defer { followers.cancel() }
    for await message in messages {
      for case .holdAutoDrain(let name, let reason) in update(&state, message, at: clock.now()) {
        guard let agent = agents.first(where: { $0.name == name }) else { continue }
        // Nobody waits for what comes of it. It has a deadline.
        Task { try? await agent.holdAutoDrain(because: reason) }
      }
      let isTick = if case .tick = message { true } else { false }
      guard try onChange(state, isTick) else { break }
    }
    return state
  }
}
