import FleetCore
import FoundationEssentials

extension Fleet_V1_Health {
  init(_ health: Health) {
    switch health {
    case .healthy: self = .healthy
    case .degraded: self = .degraded
    case .faulty: self = .faulty
    }
  }
}

extension Health {
  init(wire: Fleet_V1_Health) throws(CommandError) {
    switch wire {
    case .healthy: self = .healthy
    case .degraded: self = .degraded
    case .faulty: self = .faulty
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("health", "unknown value \(wire.rawValue)")
    }
  }
}

extension Fleet_V1_Availability {
  init(_ availability: Availability) {
    switch availability {
    case .serving: self = .serving
    case .draining: self = .draining
    case .drained: self = .drained
    }
  }
}

extension Availability {
  init(wire: Fleet_V1_Availability) throws(CommandError) {
    switch wire {
    case .serving: self = .serving
    case .draining: self = .draining
    case .drained: self = .drained
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("availability", "unknown value \(wire.rawValue)")
    }
  }
}

extension Fleet_V1_EngineStatus {
  init(_ engine: EngineStatus) {
    self.init()
    switch engine.state {
    case .starting: state = .starting
    case .serving: state = .serving
    case .idle: state = .idle
    case .hung: state = .hung
    case .restarting: state = .restarting
    case .failed: state = .failed
    }
    if let id = engine.pid { pid = id }
    restarts = engine.restarts
    if let name = engine.runtime { runtime = WireValue.shortened(name) }
    if let name = engine.device { device = WireValue.shortened(name) }
    if let text = engine.problem { problem = WireValue.shortened(text) }
    if let crash = engine.lastCrash { lastCrash = Fleet_V1_EngineCrash(crash) }
    process = Fleet_V1_ProcessReadings(engine.process)
  }
}

extension EngineStatus {
  init(wire: Fleet_V1_EngineStatus) throws(CommandError) {
    let state: State
    switch wire.state {
    case .starting: state = .starting
    case .serving: state = .serving
    case .idle: state = .idle
    case .hung: state = .hung
    case .restarting: state = .restarting
    case .failed: state = .failed
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("engine.state", "unknown value \(wire.state.rawValue)")
    }
    self.init(
      state: state,
      pid: wire.hasPid ? wire.pid : nil,
      restarts: try WireValue.count(wire.restarts, "engine.restarts"),
      runtime: wire.hasRuntime ? try WireValue.text(wire.runtime, "engine.runtime") : nil,
      device: wire.hasDevice ? try WireValue.text(wire.device, "engine.device") : nil,
      problem: wire.hasProblem ? try WireValue.text(wire.problem, "engine.problem") : nil,
      lastCrash: wire.hasLastCrash ? try EngineCrash(wire: wire.lastCrash, "engine.last_crash") : nil,
      process: try ProcessReadings(wire: wire.process, "engine.process")
    )
  }
}
