import FleetCore

/// Starts engines as another spawner does, and has each start noted.
struct NotedSpawner: EngineSpawner {
  let spawner: any EngineSpawner
  let changes: ChangeLog

  func spawn() async throws -> any RunningEngine {
    let engine = try await spawner.spawn()
    await changes.note(.engineStarted, "engine \(engine.pid) started")
    return engine
  }
}
