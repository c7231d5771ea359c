package import FoundationEssentials

/// What one node says in one tick. Counters are cumulative: a lost frame loses resolution, never a request or a joule.
package struct Frame: Sendable, Equatable {
  package var node: NodeName
  /// Counts up by one from the agent's start.
  package var sequence: UInt64
  /// When the agent that sends this started. Another start means that counters began anew.
  package var agentStarted: Date
  /// The node's clock when the frame was taken.
  package var time: Date
  package var health: Health
  /// Why the health is not `healthy`, in words for a person; empty when it is.
  package var reasons: [String]
  /// The same with its evidence, worst first; empty of agents of before.
  package var findings: [Finding] = []
  package var availability: Availability
  package var drain: DrainStatus?
  /// Nil of an agent that does not say.
  package var autoDrain: AutoDrainStatus?
  /// The fault somebody asked for with `--inject`, as it was asked; nil when there is none.
  package var injectedFault: String?
  package var isSimulated: Bool
  package var engine: EngineStatus
  package var agent: ProcessReadings
  package var accelerators: [AcceleratorReadings]
  package var models: [ModelStatus]
  /// By model; empty when nothing is known.
  package var capacity: [ModelCapacity] = []
  package var memoryUsedBytes: Reading
  package var memoryTotalBytes: Reading
  /// Free space where the model repository lies.
  package var diskFreeBytes: Reading
  package var probes: [ProbeReport]

  package init(
    node: NodeName,
    sequence: UInt64,
    agentStarted: Date,
    time: Date,
    health: Health = .healthy,
    reasons: [String] = [],
    availability: Availability = .serving,
    drain: DrainStatus? = nil,
    injectedFault: String? = nil,
    isSimulated: Bool = false,
    engine: EngineStatus,
    agent: ProcessReadings = ProcessReadings(),
    accelerators: [AcceleratorReadings] = [],
    models: [ModelStatus] = [],
    memoryUsedBytes: Reading = .absent("not sampled yet"),
    memoryTotalBytes: Reading = .absent("not sampled yet"),
    diskFreeBytes: Reading = .absent("not sampled yet"),
    probes: [ProbeReport] = []
  ) {
    self.node = node
    self.sequence = sequence
    self.agentStarted = agentStarted
    self.time = time
    self.health = health
    self.reasons = reasons
    self.availability = availability
    self.drain = drain
    self.injectedFault = injectedFault
    self.isSimulated = isSimulated
    self.engine = engine
    self.agent = agent
    self.accelerators = accelerators
    self.models = models
    self.memoryUsedBytes = memoryUsedBytes
    self.memoryTotalBytes = memoryTotalBytes
    self.diskFreeBytes = diskFreeBytes
    self.probes = probes
  }
}

/// How one probe fared in its last round.
package struct ProbeReport: Sendable, Equatable {
  package var name: String
  package var seconds: Double
  /// Why it gave nothing; nil when it worked.
  package var error: String?

  package init(name: String, seconds: Double, error: String? = nil) {
    self.name = name
    self.seconds = seconds
    self.error = error
  }
}

/// What a process of ours uses.
package struct ProcessReadings: Sendable, Equatable {
  package var pid: Int32
  /// Cumulative CPU time, user and system.
  package var cpuSeconds: Reading
  package var residentBytes: Reading

  package init(
    pid: Int32 = 0,
    cpuSeconds: Reading = .absent("not sampled yet"),
    residentBytes: Reading = .absent("not sampled yet")
  ) {
    self.pid = pid
    self.cpuSeconds = cpuSeconds
    self.residentBytes = residentBytes
  }
}
