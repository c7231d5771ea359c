import FleetCore
import Logging
import ServiceLifecycle

/// Ends the probation of versions that have served long enough. A node works alone: nobody needs to confirm them.
package actor ProbationKeeper: Service {
  private let repository: ModelRepository
  private let supervisor: EngineSupervisor
  private let clock: AgentClock
  private let duration: Duration
  private let log: Logger
  private var probation: Probation

  init(
    repository: ModelRepository,
    supervisor: EngineSupervisor,
    duration: Duration,
    clock: AgentClock,
    log: Logger
  ) {
    self.repository = repository
    self.supervisor = supervisor
    self.clock = clock
    self.duration = duration
    self.log = log
    probation = Probation(duration: duration)
  }

  package func run() async throws {
    // Often enough that a short probation is not made much longer.
    let pause = min(max(duration / 10, .milliseconds(50)), .seconds(1))
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.look()
        try? await Task.sleep(for: pause)
      }
    }
  }

  private func look() async {
    let candidates = repository.provisional.map { Probation.Candidate(version: $0.key, digest: $0.value) }
    let engine = await supervisor.snapshot
    let over = probation.observe(candidates, engine: engine.status, models: engine.models, at: clock.seconds())
    for candidate in over {
      do throws(CommandError) {
        try await repository.confirm(candidate.version, digest: candidate.digest)
        log.notice(
          "\(candidate.version) has served its probation of \(Quantity.text(duration)): it is the last good version now"
        )
      } catch {
        // Another took its place meanwhile, or the disk is full: the next look will tell.
        log.warning("\(candidate.version) stays on probation: \(error)")
      }
    }
  }
}
