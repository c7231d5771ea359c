/// The engine process as its agent sees it.
package struct EngineStatus: Sendable, Equatable {
  package enum State: String, Sendable, CaseIterable {
    /// Loading the runtime, compiling and warming the active version.
    case starting
    /// Answering requests.
    case serving
    /// Running with no model to serve.
    case idle
    /// Alive but silent: it did not answer its agent in time.
    case hung
    /// Gone; the agent starts it again after its backoff.
    case restarting
    /// Running, but it cannot serve (no runtime, say); `problem` tells why.
    case failed
  }

  /// How the `problem` of an engine begins that was told to use a device which is not there.
  package static let noDevice = "no device '"

  package var state: State
  package var pid: Int32?
  /// Unplanned ends of the engine since the agent started.
  package var restarts: UInt64
  /// Name and version of the inference runtime, such as `OpenVINO 2026.4.1`; nil before it is known.
  package var runtime: String?
  /// The runtime's name for the accelerator in use, such as `CPU`.
  package var device: String?
  /// What is wrong, or how the last engine ended ('killed by signal 9'); nil when all is well.
  package var problem: String?
  /// The newest end of an engine that nobody asked for, also of one before the agent started; nil when there is none.
  package var lastCrash: EngineCrash?
  package var process: ProcessReadings

  package init(
    state: State,
    pid: Int32? = nil,
    restarts: UInt64 = 0,
    runtime: String? = nil,
    device: String? = nil,
    problem: String? = nil,
    lastCrash: EngineCrash? = nil,
    process: ProcessReadings = ProcessReadings()
  ) {
    self.state = state
    self.pid = pid
    self.restarts = restarts
    self.runtime = runtime
    self.device = device
    self.problem = problem
    self.lastCrash = lastCrash
    self.process = process
  }
}
