import FleetCore
import FoundationEssentials

private let maximumReasons = 64
private let maximumAccelerators = 64
private let maximumModels = 256
private let maximumProbes = 64
private let maximumFindings = 64

extension Fleet_V1_Frame {
  init(_ frame: Frame) {
    self.init()
    node = frame.node.description
    sequence = frame.sequence
    agentStarted = frame.agentStarted.wireNanoseconds
    time = frame.time.wireNanoseconds
    health = Fleet_V1_Health(frame.health)
    reasons = frame.reasons.prefix(maximumReasons).map { WireValue.shortened($0) }
    availability = Fleet_V1_Availability(frame.availability)
    if let status = frame.drain { drain = Fleet_V1_DrainStatus(status) }
    if let fault = frame.injectedFault { injectedFault = WireValue.shortened(fault) }
    isSimulated = frame.isSimulated
    engine = Fleet_V1_EngineStatus(frame.engine)
    agent = Fleet_V1_ProcessReadings(frame.agent)
    accelerators = frame.accelerators.prefix(maximumAccelerators).map(Fleet_V1_AcceleratorReadings.init)
    models = frame.models.prefix(maximumModels).map(Fleet_V1_ModelStatus.init)
    memoryUsedBytes = Fleet_V1_Reading(frame.memoryUsedBytes)
    memoryTotalBytes = Fleet_V1_Reading(frame.memoryTotalBytes)
    diskFreeBytes = Fleet_V1_Reading(frame.diskFreeBytes)
    probes = frame.probes.prefix(maximumProbes).map(Fleet_V1_ProbeReport.init)
    findings = frame.findings.prefix(maximumFindings).map(Fleet_V1_Finding.init)
    if let status = frame.autoDrain { autoDrain = Fleet_V1_AutoDrainStatus(status) }
    capacity = frame.capacity.prefix(maximumModels).map(Fleet_V1_ModelCapacity.init)
  }
}

extension Frame {
  init(wire: Fleet_V1_Frame) throws(CommandError) {
    self.init(
      node: try WireValue.nodeName(wire.node, "node"),
      sequence: try WireValue.count(wire.sequence, "sequence"),
      agentStarted: Date(wireNanoseconds: wire.agentStarted),
      time: Date(wireNanoseconds: wire.time),
      health: try Health(wire: wire.health),
      reasons: try WireValue.list(wire.reasons, atMost: maximumReasons, "reasons").map { (text) throws(CommandError) in
        try WireValue.text(text, "reasons")
      },
      availability: try Availability(wire: wire.availability),
      drain: wire.hasDrain ? try DrainStatus(wire: wire.drain) : nil,
      injectedFault: wire.hasInjectedFault ? try WireValue.text(wire.injectedFault, "injected_fault") : nil,
      isSimulated: wire.isSimulated,
      engine: try EngineStatus(wire: wire.engine),
      agent: try ProcessReadings(wire: wire.agent, "agent"),
      accelerators: try WireValue.list(wire.accelerators, atMost: maximumAccelerators, "accelerators")
        .map { (entry) throws(CommandError) in try AcceleratorReadings(wire: entry, "accelerators") },
      models: try WireValue.list(wire.models, atMost: maximumModels, "models")
        .map { (entry) throws(CommandError) in try ModelStatus(wire: entry, "models") },
      memoryUsedBytes: try Reading(wire: wire.memoryUsedBytes, "memory_used_bytes"),
      memoryTotalBytes: try Reading(wire: wire.memoryTotalBytes, "memory_total_bytes"),
      diskFreeBytes: try Reading(wire: wire.diskFreeBytes, "disk_free_bytes"),
      probes: try WireValue.list(wire.probes, atMost: maximumProbes, "probes")
        .map { (entry) throws(CommandError) in try ProbeReport(wire: entry, "probes") }
    )
    findings = try WireValue.list(wire.findings, atMost: maximumFindings, "findings")
      .map { (entry) throws(CommandError) in try Finding(wire: entry, "findings") }.compactMap { $0 }
    autoDrain = wire.hasAutoDrain ? try AutoDrainStatus(wire: wire.autoDrain) : nil
    capacity = try WireValue.list(wire.capacity, atMost: maximumModels, "capacity")
      .map { (entry) throws(CommandError) in try ModelCapacity(wire: entry, "capacity") }
  }
}

extension Fleet_V1_ProbeReport {
  init(_ report: ProbeReport) {
    self.init()
    name = WireValue.shortened(report.name)
    seconds = report.seconds.magnitude <= WireValue.maximumMagnitude ? report.seconds : 0
    if let problem = report.error { error = WireValue.shortened(problem) }
  }
}

extension ProbeReport {
  init(wire: Fleet_V1_ProbeReport, _ field: String) throws(CommandError) {
    self.init(
      name: try WireValue.text(wire.name, "\(field).name"),
      seconds: try WireValue.number(wire.seconds, "\(field).seconds"),
      error: wire.hasError ? try WireValue.text(wire.error, "\(field).error") : nil
    )
  }
}
