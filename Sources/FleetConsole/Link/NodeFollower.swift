package import FleetCore
internal import FoundationEssentials
internal import Synchronization

/// Keeps one node's frames coming: opens the stream, opens it again when it breaks or falls silent, and never gives up.
/// Each node has its own, so a dead one delays nobody.
package struct NodeFollower: Sendable {
  /// A stream without a frame for so long is taken for dead, although the link says nothing (a pulled cable).
  private static let silence = Duration.seconds(15)
  private let agent: any NodeAgent
  private let history: Int
  private let send: @Sendable (Message) -> Void

  /// `history` is how many frames of the past are asked for each time: enough for the charts unless told otherwise, while
  /// `NodeMetrics.windowSeconds` and two more are enough for rates.
  package init(
    _ agent: any NodeAgent,
    history: Int = Int(NodeState.chartSeconds),
    send: @escaping @Sendable (Message) -> Void
  ) {
    self.agent = agent
    self.history = history
    self.send = send
  }

  /// Until the task is cancelled.
  package func run() async {
    var backoff = Backoff()
    while !Task.isCancelled {
      let heard = Mutex(false)
      do {
        try await follow { heard.withLock { $0 = true } }
        send(.linkLost(agent.name, "the agent ended the stream"))
      } catch let error as CommandError {
        send(.linkLost(agent.name, error.message))
      } catch {
        send(.linkLost(agent.name, "\(error)"))
      }
      if heard.withLock({ $0 }) { backoff.reset() }
      try? await Task.sleep(for: backoff.delay())
    }
  }

  private func follow(_ onFrame: @escaping @Sendable () -> Void) async throws {
    let heard = Heard()
    let agent = agent
    let send = send
    let request = FrameRequest(history: history)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for try await frame in agent.frames(request) {
          onFrame()
          send(.frame(agent.name, frame))
          heard.note(frame)
        }
      }
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(1))
          if heard.silence > Self.silence {
            throw CommandError(.unreachable, "\(agent.name) is silent for \(Quantity.text(Self.silence))")
          }
        }
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
    var known: Heard.Facts?
    while true {
      if let facts = heard.facts, facts != known {
        let description = try? await Deadline.run(.seconds(5), "asking for its description") {
          () async throws(CommandError) in try await agent.describe()
        }
        if let description {
          send(.described(agent.name, description))
          known = facts
        }
      }
      try await Task.sleep(for: .milliseconds(500))
    }
  }
}

/// What one stream of frames has brought so far.
private final class Heard: Sendable {
  /// What makes an earlier description out of date: another agent, another version loaded, or the end of a probation.
  struct Facts: Equatable, Sendable {
    var versions: [ModelDigest]
    var provisional: [Bool]
    var agentStarted: Date
  }

  private struct State {
    var lastFrame = ContinuousClock.now
    var facts: Facts?
  }

  private let state = Mutex(State())

  var silence: Duration { state.withLock { $0.lastFrame.duration(to: .now) } }
  var facts: Facts? { state.withLock(\.facts) }

  func note(_ frame: Frame) {
    state.withLock {
      $0.lastFrame = .now
      $0.facts = Facts(
        versions: frame.models.map(\.digest),
        provisional: frame.models.map(\.isProvisional),
        agentStarted: frame.agentStarted
      )
    }
  }
}
