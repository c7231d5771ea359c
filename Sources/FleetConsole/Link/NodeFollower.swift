package import FleetCore
internal import FoundationEssentials
internal import Synchronization

/// Keeps one node's frames coming: opens the stream, opens it again when it breaks or falls silent, and never gives up.
/// Each node has its own, so a dead one delays nobody.
package struct NodeFollower: Sendable {
  /// A stream without a frame for so long is taken for dead, although the link says nothing (a pulled cable).
  private static let silence = Duration.seconds(15)
  /// Nobody holds the gate for longer while a node does not answer.
  private static let patience = Duration.seconds(2)
  /// Frames of the past that are asked for of all nodes together: a large fleet's charts begin when the console does.
  private static let historyOfAll = 24_000

  private let agent: any NodeAgent
  private let history: Int
  private let gate: DialGate
  private let send: @Sendable (Message) -> Void

  /// `history` is how many frames of the past are asked for each time: enough for the charts unless told otherwise, while
  /// `NodeMetrics.windowSeconds` and two more are enough for rates. Followers that share a `gate` dial by turns.
  package init(
    _ agent: any NodeAgent,
    history: Int = Int(NodeState.chartSeconds),
    gate: DialGate = DialGate(),
    send: @escaping @Sendable (Message) -> Void
  ) {
    self.agent = agent
    self.history = history
    self.gate = gate
    self.send = send
  }

  /// The most frames of the past to ask each of so many nodes for.
  package static func history(forNodes nodes: Int) -> Int {
    min(Int(NodeState.chartSeconds), max(Int(NodeMetrics.windowSeconds) + 2, historyOfAll / max(1, nodes)))
  }

  /// Until the task is cancelled.
  package func run() async {
    var backoff = Backoff()
    send(.linkQueued(agent.name))
    while !Task.isCancelled {
      await gate.enter()
      let turn = Turn(gate)
      send(.linkDialled(agent.name))
      do {
        try await follow(turn)
        send(.linkLost(agent.name, "the agent ended the stream"))
      } catch let error as CommandError {
        send(.linkLost(agent.name, error.message))
      } catch {
        send(.linkLost(agent.name, "\(error)"))
      }
      if turn.hasAnswer { backoff.reset() }
      await turn.end()
      try? await Task.sleep(for: backoff.delay())
    }
  }

  private func follow(_ turn: Turn) async throws {
    let heard = Heard()
    let agent = agent
    let send = send
    let request = FrameRequest(history: history)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for try await frame in agent.frames(request) {
          if turn.answered() { await turn.end() }
          send(.frame(agent.name, frame))
          heard.note(frame)
        }
      }
      group.addTask {
        try await Task.sleep(for: Self.patience)
        await turn.end()
        while heard.silence <= Self.silence {
          try await Task.sleep(for: Self.silence - heard.silence + .milliseconds(1))
        }
        throw CommandError(.unreachable, "\(agent.name) is silent for \(Quantity.text(Self.silence))")
      }
      group.addTask { try await Self.describe(agent, whenever: heard, send) }
      // Whichever ends first, ends the others: the stream broke, or the watchdog barked.
      defer { group.cancelAll() }
      _ = try await group.next()
    }
  }

  /// Asks for the description at the first frame and again whenever it must have changed.
  private static func describe(
    _ agent: any NodeAgent,
    whenever heard: Heard,
    _ send: @Sendable (Message) -> Void
  ) async throws {
    for await facts in heard.changes {
      // An agent that does not answer is asked again, unless there is news by then.
      while !Task.isCancelled, heard.facts == facts {
        let description = try? await Deadline.run(.seconds(5), "asking for its description") {
          () async throws(CommandError) in try await agent.describe()
        }
        if let description {
          send(.described(agent.name, description))
          break
        }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }
}

/// A follower's turn at the gate: over with the node's first word, or when it has taken long enough.
private final class Turn: Sendable {
  private let gate: DialGate
  private let state = Mutex((isOver: false, hasAnswer: false))

  init(_ gate: DialGate) { self.gate = gate }

  var hasAnswer: Bool { state.withLock(\.hasAnswer) }

  /// True the first time.
  func answered() -> Bool {
    state.withLock { state in
      defer { state.hasAnswer = true }
      return !state.hasAnswer
    }
  }

  func end() async {
    let isFirst = state.withLock { state in
      defer { state.isOver = true }
      return !state.isOver
    }
    if isFirst { await gate.leave() }
  }
}

/// What one stream of frames has brought so far.
private final class Heard: Sendable {
  /// What makes an earlier description out of date: another agent, another version loaded, the end of a probation, or what it tells
  /// among its changes.
  struct Facts: Equatable, Sendable {
    var versions: [ModelDigest]
    var provisional: [Bool]
    var agentStarted: Date
    var availability: Availability
    var enginePID: Int32?
    var engineRestarts: UInt64
  }

  private struct State {
    var lastFrame = ContinuousClock.now
    var facts: Facts?
  }

  private let state = Mutex(State())
  /// The newest facts, each time they are others.
  let changes: AsyncStream<Facts>
  private let change: AsyncStream<Facts>.Continuation

  init() {
    (changes, change) = AsyncStream.makeStream(of: Facts.self, bufferingPolicy: .bufferingNewest(1))
  }

  var silence: Duration { state.withLock { $0.lastFrame.duration(to: .now) } }
  var facts: Facts? { state.withLock(\.facts) }

  func note(_ frame: Frame) {
    let facts = Facts(
      versions: frame.models.map(\.digest),
      provisional: frame.models.map(\.isProvisional),
      agentStarted: frame.agentStarted,
      availability: frame.availability,
      enginePID: frame.engine.pid,
      engineRestarts: frame.engine.restarts
    )
    let isNew = state.withLock { state in
      state.lastFrame = .now
      defer { state.facts = facts }
      return state.facts != facts
    }
    if isNew { change.yield(facts) }
  }
}
