import FleetConsole
import FleetCore
import Foundation
import Synchronization
import Testing

struct DialGateTests {
  private final class Inside: Sendable {
    let counts = Mutex((now: 0, most: 0, total: 0))
  }

  @Test func `So many go in at a time, and all in the end, in the order in which they came`() async throws {
    let gate = DialGate(width: 3)
    let inside = Inside()
    await withTaskGroup { group in
      for _ in 0..<40 {
        group.addTask {
          await gate.enter()
          inside.counts.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
            $0.total += 1
          }
          await Task.yield()
          inside.counts.withLock { $0.now -= 1 }
          await gate.leave()
        }
      }
    }
    let seen = inside.counts.withLock { $0 }
    #expect(seen.total == 40 && seen.now == 0)
    #expect((1...3).contains(seen.most), "\(seen.most) at a time")
  }

  @Test func `Whoever is cancelled while it waits holds nobody up`() async throws {
    let gate = DialGate(width: 1)
    await gate.enter()
    let cancelled = Task {
      await gate.enter()
      await gate.leave()
    }
    cancelled.cancel()
    await cancelled.value
    let next = Task {
      await gate.enter()
      await gate.leave()
    }
    await gate.leave()
    await next.value
    // The gate has its one place again.
    await gate.enter()
    await gate.leave()
  }

  @Test func `A node that waits for its turn is connecting, and is unreachable 5 s after it was dialled`() throws {
    let name = NodeName(store: "austin-01", node: "a")
    let node = FleetDefinition.Node(name: name, address: "127.0.0.1:1")
    let fleet = FleetDefinition(
      name: "acme",
      stores: [FleetDefinition.Store(name: "austin-01", nodes: [node])]
    )
    func moment(_ seconds: Double) -> Moment { Moment(uptime: seconds, date: .init(timeIntervalSince1970: seconds)) }
    var state = FleetState(definition: fleet, now: moment(0))
    _ = update(&state, .linkQueued(name), at: moment(0.1))
    _ = update(&state, .tick, at: moment(20))
    #expect(state.nodes[0].condition(at: moment(20)) == .connecting)
    #expect(state.log.events.isEmpty, "nobody has tried it yet")
    _ = update(&state, .linkDialled(name), at: moment(21))
    _ = update(&state, .tick, at: moment(25))
    #expect(state.nodes[0].condition(at: moment(25)) == .connecting)
    // Dialling again does not begin the time anew.
    _ = update(&state, .linkDialled(name), at: moment(25))
    _ = update(&state, .tick, at: moment(26.1))
    #expect(state.nodes[0].condition(at: moment(26.1)) == .unreachable)
  }

  @Test func `A large fleet asks each node for less of its past`() {
    #expect(NodeFollower.history(forNodes: 6) == 120)
    #expect(NodeFollower.history(forNodes: 200) == 120)
    #expect(NodeFollower.history(forNodes: 1000) == 24)
    #expect(NodeFollower.history(forNodes: 100_000) == 12)
  }
}
