import FleetConsole
import FleetCore
import FleetJournal
import Foundation

/// One run of a simulated fleet: serves it and shows it until somebody ends it.
struct SimulationSession {
  let fleet: SimulatedFleet
  /// How long all nodes may take to answer for the first time.
  private static let deadline: Duration = .seconds(120)
  /// How long it may take to end.
  private static let grace: Duration = .seconds(2)
  /// So many are asked at a time.
  private static let width = 32

  func run(headless: Bool, themes: [Theme], signals: StopSignals) async throws {
    let serving = Task { await fleet.run() }
    let problem: (any Error)?
    do {
      try await show(headless: headless, themes: themes, signals: signals)
      problem = nil
    } catch {
      problem = error
    }
    let file = fleet.fleetFile
    await JobStarter.stopAll(
      of: JobFleet(name: fleet.definition.name, file: file),
      in: JobFolder.path(fleetFile: file),
      by: "demo",
      note: "the demo has ended"
    )
    serving.cancel()
    // Nobody waits for orders that are still under way in a box that never was.
    let (ended, end) = AsyncStream.makeStream(of: Never.self)
    let ending = Task {
      await serving.value
      end.finish()
    }
    let patience = Task {
      try? await Task.sleep(for: Self.grace)
      end.finish()
    }
    for await _ in ended {}
    for task in [ending, patience] { task.cancel() }
    if let problem { throw problem }
  }

  private func show(headless: Bool, themes: [Theme], signals: StopSignals) async throws {
    let (nodes, definition) = (fleet.definition.nodes, fleet.definition)
    guard headless else {
      return try await Connections.with(nodes, credentials: fleet.credentials, fleet: definition) { agents in
        try await Dashboard.run(
          fleet: definition,
          agents: agents,
          themes: themes,
          jobs: try JobsOnDisk(ofDemo: fleet.fleetFile, fleet: definition),
          alerts: try AlertsOnDisk(ofDemo: fleet.fleetFile, fleet: definition),
          signals: signals
        )
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await Connections.with(nodes, credentials: fleet.credentials, fleet: definition) {
          try await answers(of: $0)
        }
        print(try SimulationReport(fleet).line)
        fflush(nil)
        await signals.wait()
      }
      group.addTask { await signals.wait() }
      try await group.next()
      group.cancelAll()
    }
  }

  /// Waits until every node that is not away has answered over the wire.
  private func answers(of agents: [any NodeAgent]) async throws {
    let end = ContinuousClock.now.advanced(by: Self.deadline)
    let boxes = Dictionary(uniqueKeysWithValues: fleet.boxes.map { ($0.name, $0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      var waiting = agents[...]
      func next() {
        guard let agent = waiting.popFirst() else { return }
        group.addTask { try await answer(of: agent, boxes[agent.name], until: end) }
      }
      for _ in 0..<Self.width { next() }
      while try await group.next() != nil { next() }
    }
  }

  private func answer(of agent: any NodeAgent, _ box: SimulatedBox?, until end: ContinuousClock.Instant) async throws {
    while box?.isHere ?? false {
      do throws(CommandError) {
        _ = try await agent.describe()
        return
      } catch {
        try Task.checkCancellation()
        guard ContinuousClock.now < end else { throw error }
      }
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}
