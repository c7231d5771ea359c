package import FleetCore
import FleetWire
package import FoundationEssentials

/// Makes frames of what was gathered in a tick, and judges health on the way. No I/O and no clock of its own.
package struct FrameBuilder: Sendable {
  private let node: NodeName
  private let started: Date
  private let agentPID: Int32
  private let injectedFault: String?
  /// The processor's name, for as long as no runtime tells a better one.
  private let processor: String
  private var sequence: UInt64 = 0
  private var estimate: PowerEstimate
  private var judge: NodeJudge
  private var capacity: CapacityMeter

  /// `certificateExpires` is when the node's certificate ends.
  package init(
    configuration: AgentConfiguration,
    started: Date,
    agentPID: Int32,
    processor: String,
    certificateExpires: Date? = nil
  ) {
    node = configuration.node
    self.started = started
    self.agentPID = agentPID
    injectedFault = configuration.injectedFault?.text
    self.processor = processor
    estimate = PowerEstimate(declared: configuration.watts)
    judge = NodeJudge(slo: configuration.slo, limits: configuration.health, certificateExpires: certificateExpires)
    capacity = CapacityMeter(slo: configuration.slo.p99)
  }

  package mutating func frame(
    at moment: AgentClock.Moment,
    engine: EngineSnapshot,
    probes: ProbeRound,
    drain: DrainState,
    siblings: [SiblingSample] = [],
    provisional: [ModelVersion: ModelDigest] = [:]
  ) -> Frame {
    sequence += 1
    let accelerator = accelerator(engine, probes, at: moment.seconds)
    var status = engine.status
    status.process = ProcessReadings(
      pid: status.pid ?? 0,
      cpuSeconds: probes[.engineCPUSeconds],
      residentBytes: probes[.engineResidentBytes]
    )
    var frame = Frame(
      node: node,
      sequence: sequence,
      agentStarted: started,
      time: moment.date,
      availability: drain.availability,
      drain: drain.status,
      injectedFault: injectedFault,
      engine: status,
      agent: ProcessReadings(
        pid: agentPID,
        cpuSeconds: probes[.agentCPUSeconds],
        residentBytes: probes[.agentResidentBytes]
      ),
      accelerators: [accelerator],
      models: engine.models.map { model in
        var model = model
        model.isProvisional = provisional[ModelVersion(name: model.name, number: model.version)] == model.digest
        return model
      },
      memoryUsedBytes: probes[.memoryUsedBytes],
      memoryTotalBytes: probes[.memoryTotalBytes],
      diskFreeBytes: probes[.diskFreeBytes],
      probes: probes.reports
    )
    judge.complete(&frame, engine: engine, throttles: probes[.throttles], siblings: siblings, at: moment.seconds)
    frame.capacity = capacity.capacity(engine.models, utilization: accelerator.utilization, at: moment.seconds)
    return frame
  }

  private mutating func accelerator(
    _ engine: EngineSnapshot,
    _ probes: ProbeRound,
    at seconds: Double
  ) -> AcceleratorReadings {
    let id = engine.status.device ?? "CPU"
    let kind = id.prefix { $0.isLetter }.lowercased()
    let utilization = probes[.engineUtilization]
    let estimate = estimate.sample(utilization: utilization, at: seconds)
    guard kind == "cpu" else {
      let name = engine.devices.first { $0.id == id }?.name ?? id
      let absent = Reading.absent("no probe for the device '\(id)'")
      return AcceleratorReadings(
        kind: kind,
        name: name,
        utilization: absent,
        watts: absent,
        joules: absent,
        celsius: absent,
        memoryUsedBytes: absent,
        memoryTotalBytes: absent
      )
    }
    // Energy goes with the power it was made of: never one measured and the other estimated.
    let isMeasured = probes[.joules].value != nil
    return AcceleratorReadings(
      kind: kind,
      name: engine.devices.first { $0.id == id }?.name ?? processor,
      utilization: utilization,
      watts: isMeasured ? probes[.watts] : estimate.watts,
      joules: isMeasured ? probes[.joules] : estimate.joules,
      celsius: probes[.celsius],
      memoryUsedBytes: probes[.memoryUsedBytes],
      memoryTotalBytes: probes[.memoryTotalBytes]
    )
  }
}
