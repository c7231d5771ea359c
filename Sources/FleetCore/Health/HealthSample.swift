/// What the health rules look at in one tick.
package struct HealthSample: Sendable, Equatable {
  /// Seconds on a clock that never goes back.
  package var seconds: Double
  /// Requests answered in the last `HealthMonitor.windowSeconds`, and how many of them with an error.
  package var requests: UInt64
  package var errors: UInt64
  /// Over the same window; nil when nothing was answered in it.
  package var p99Milliseconds: Double?
  package var celsius: Reading
  package var engineState: EngineStatus.State
  package var engineProblem: String?
  /// Unplanned ends of the engine so far.
  package var engineRestarts: UInt64

  package init(
    seconds: Double,
    requests: UInt64 = 0,
    errors: UInt64 = 0,
    p99Milliseconds: Double? = nil,
    celsius: Reading = .absent("no sensor"),
    engineState: EngineStatus.State = .serving,
    engineProblem: String? = nil,
    engineRestarts: UInt64 = 0
  ) {
    self.seconds = seconds
    self.requests = requests
    self.errors = errors
    self.p99Milliseconds = p99Milliseconds
    self.celsius = celsius
    self.engineState = engineState
    self.engineProblem = engineProblem
    self.engineRestarts = engineRestarts
  }
}
