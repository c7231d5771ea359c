package import FleetCore
import ServiceLifecycle
import Synchronization

/// Keeps in mind what the siblings say of their load, for the health rules. Asks beside the sampling, which waits for nobody.
package final class SiblingWatch: Service {
  private static let interval = 1.0
  /// So long one may take to answer.
  static let deadline: Duration = .seconds(1)
  /// Older words, in seconds, are not believed.
  private static let staleness = 5.0

  private struct Memory {
    var window = HealthWindow()
    var sample: SiblingSample
    var seconds: Double
    var report: LoadReport
  }

  private let polls: [(name: NodeName, poll: SiblingPoll)]
  private let clock: AgentClock
  private let memories = Mutex<[NodeName: Memory]>([:])

  init(_ siblings: [AgentConfiguration.Sibling], clock: AgentClock) throws {
    polls = try siblings.map { ($0.name, try SiblingPoll(address: $0.http, date: clock.date)) }
    self.clock = clock
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for (name, poll) in self.polls { group.addTask { await self.follow(name, poll) } }
        // Also a node that is alone in its store goes on: the end of a service is the end of its agent.
        group.addTask {
          while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
      }
    }
  }

  /// What each of them said lately; none of those that are silent.
  package var samples: [SiblingSample] {
    let now = clock.seconds()
    return memories.withLock { memories in
      memories.values.filter { now - $0.seconds <= Self.staleness }.map(\.sample).sorted { $0.name < $1.name }
    }
  }

  /// What one of them said last; nil when it is silent.
  package func report(of name: NodeName) -> LoadReport? {
    let now = clock.seconds()
    return memories.withLock { $0[name].flatMap { now - $0.seconds <= Self.staleness ? $0.report : nil } }
  }

  private func follow(_ name: NodeName, _ poll: SiblingPoll) async {
    while !Task.isCancelled {
      if let answer = await poll.ask(within: Self.deadline) { take(answer, from: name) }
      // Apart from the other nodes of the store.
      try? await Task.sleep(for: .seconds(Self.interval * Double.random(in: 0.9...1.1)))
    }
  }

  /// Another node's words at this address are nobody's.
  func take(_ answer: SiblingPoll.Answer, from name: NodeName) {
    guard answer.report.node == name else { return }
    let now = clock.seconds()
    memories.withLock { memories in
      var window = memories[name]?.window ?? HealthWindow()
      let counts = window.add(answer.report.models, at: now)
      let sample = SiblingSample(
        name: name,
        isServing: answer.report.isServing,
        models: counts.models,
        clock: answer.clock
      )
      memories[name] = Memory(window: window, sample: sample, seconds: now, report: answer.report)
    }
  }
}
