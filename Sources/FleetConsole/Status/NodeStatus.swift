internal import FleetCore
internal import FoundationEssentials

extension StatusDocument {
  /// One node in JSON. Lists are empty and most fields null before its first frame.
  package struct NodeStatus: Encodable, Sendable {
    struct Engine: Encodable {
      @ExplicitNull var pid: Int32?
      var state: String
      var restarts: UInt64
      @ExplicitNull var runtime: String?
      @ExplicitNull var device: String?
      @ExplicitNull var problem: String?
      @ExplicitNull var lastCrash: Crash?
      var cpuSeconds: ReadingStatus
      var residentBytes: ReadingStatus
    }

    struct Crash: Encodable {
      var time: String
      var cause: String
      var versions: [String]
      var lastWords: String
    }

    struct Accelerator: Encodable {
      var kind: String
      var name: String
      var utilization: ReadingStatus
      var watts: ReadingStatus
      var joules: ReadingStatus
      var celsius: ReadingStatus
      var memoryUsedBytes: ReadingStatus
      var memoryTotalBytes: ReadingStatus
    }

    struct Model: Encodable {
      var name: String
      var version: Int
      var digest: String
      var requests: UInt64
      var errors: UInt64
      var inFlight: UInt64
      var queued: UInt64
      var handedOff: UInt64
      @ExplicitNull var requestsPerS: Double?
      @ExplicitNull var errorsPerS: Double?
      /// What rates and percentiles cover, up to the node's age ago.
      @ExplicitNull var windowS: Double?
      @ExplicitNull var p50Ms: Double?
      @ExplicitNull var p99Ms: Double?
      @ExplicitNull var queueP50Ms: Double?
      @ExplicitNull var queueP99Ms: Double?
      @ExplicitNull var computeP50Ms: Double?
      @ExplicitNull var computeP99Ms: Double?
      var joulesPerInference: ReadingStatus
    }

    struct Agent: Encodable {
      var pid: Int32
      @ExplicitNull var version: String?
      var cpuSeconds: ReadingStatus
      var residentBytes: ReadingStatus
    }

    struct Version: Encodable {
      var name: String
      var version: Int
      var digest: String
      var bytes: UInt64
      var role: String
      var isProvisional: Bool
      @ExplicitNull var problem: String?
    }

    struct Probe: Encodable {
      var name: String
      var seconds: Double
      @ExplicitNull var error: String?
    }

    var name: String
    var store: String
    var labels: Labels
    var address: String
    @ExplicitNull var http: String?
    @ExplicitNull var grpc: String?
    @ExplicitNull var metrics: String?
    @ExplicitNull var operatingSystem: String?
    @ExplicitNull var architecture: String?
    @ExplicitNull var cores: Int?
    var siblings: [String]
    var health: String
    var reasons: [String]
    /// The same with its evidence, worst first; of an unreachable node what was found last.
    var findings: [FindingStatus]
    @ExplicitNull var availability: String?
    @ExplicitNull var drain: Drain?
    @ExplicitNull var autoDrain: AutoDrain?
    @ExplicitNull var ageS: Double?
    @ExplicitNull var linkError: String?
    @ExplicitNull var simulated: Bool?
    @ExplicitNull var injectedFault: String?
    @ExplicitNull var agent: Agent?
    @ExplicitNull var engine: Engine?
    var accelerators: [Accelerator]
    var models: [Model]
    var repository: [Version]
    var memoryUsedBytes: ReadingStatus
    var memoryTotalBytes: ReadingStatus
    var diskFreeBytes: ReadingStatus
    var probes: [Probe]

    init(_ node: NodeState, at now: Moment) {
      let frame = node.last
      name = node.name.description
      store = node.name.store
      labels = Labels(node.labels)
      address = node.address
      http = node.description?.httpAddress
      grpc = node.description?.grpcAddress
      metrics = node.description?.metricsAddress
      operatingSystem = node.description?.operatingSystem
      architecture = node.description?.architecture
      cores = node.description?.cores
      siblings = (node.description?.siblings ?? []).map(\.description)
      health = node.condition(at: now).rawValue
      let isReachable = node.isReachable(at: now)
      reasons = isReachable ? frame?.reasons ?? [] : [node.linkError].compactMap { $0 }
      findings = (frame?.findings ?? []).map(FindingStatus.init)
      availability = frame?.availability.rawValue
      drain = frame?.drain.map { Drain($0) }
      autoDrain = frame?.autoDrain.map { AutoDrain($0) }
      ageS = node.age(at: now).map { ($0 * 10).rounded() / 10 }
      linkError = node.linkError
      simulated = frame?.isSimulated
      injectedFault = frame?.injectedFault
      agent = frame.map { frame in
        Agent(
          pid: frame.agent.pid,
          version: node.description?.agentVersion,
          cpuSeconds: ReadingStatus(frame.agent.cpuSeconds),
          residentBytes: ReadingStatus(frame.agent.residentBytes)
        )
      }
      engine = (frame?.engine).map { engine in
        Engine(
          pid: engine.pid,
          state: engine.state.rawValue,
          restarts: engine.restarts,
          runtime: engine.runtime,
          device: engine.device,
          problem: engine.problem,
          lastCrash: engine.lastCrash.map {
            Crash(
              time: StatusDocument.text($0.time),
              cause: $0.cause,
              versions: $0.versions.map(\.description),
              lastWords: $0.lastWords
            )
          },
          cpuSeconds: ReadingStatus(engine.process.cpuSeconds),
          residentBytes: ReadingStatus(engine.process.residentBytes)
        )
      }
      accelerators = (frame?.accelerators ?? []).map {
        Accelerator(
          kind: $0.kind,
          name: $0.name,
          utilization: ReadingStatus($0.utilization),
          watts: ReadingStatus($0.watts),
          joules: ReadingStatus($0.joules),
          celsius: ReadingStatus($0.celsius),
          memoryUsedBytes: ReadingStatus($0.memoryUsedBytes),
          memoryTotalBytes: ReadingStatus($0.memoryTotalBytes)
        )
      }
      models = node.metrics.models.map { Self.model($0) }
      repository = (node.description?.repository ?? []).map {
        Version(
          name: $0.version.name,
          version: $0.version.number,
          digest: $0.digest.text,
          bytes: $0.bytes,
          role: $0.role.rawValue,
          isProvisional: $0.isProvisional,
          problem: $0.problem
        )
      }
      memoryUsedBytes = ReadingStatus(frame?.memoryUsedBytes ?? .absent("no frame yet"))
      memoryTotalBytes = ReadingStatus(frame?.memoryTotalBytes ?? .absent("no frame yet"))
      diskFreeBytes = ReadingStatus(frame?.diskFreeBytes ?? .absent("no frame yet"))
      probes = (frame?.probes ?? []).map { Probe(name: $0.name, seconds: $0.seconds, error: $0.error) }
    }

    private static func model(_ model: NodeMetrics.Model) -> Model {
      Model(
        name: model.version.name,
        version: model.version.number,
        digest: model.digest.text,
        requests: model.requests,
        errors: model.errors,
        inFlight: model.inFlight,
        queued: model.queued,
        handedOff: model.handedOff,
        requestsPerS: model.requestsPerSecond,
        errorsPerS: model.errorsPerSecond,
        windowS: model.windowSeconds.map { ($0 * 10).rounded() / 10 },
        p50Ms: model.latency.milliseconds(atPercentile: 50),
        p99Ms: model.latency.milliseconds(atPercentile: 99),
        queueP50Ms: model.queueTime.milliseconds(atPercentile: 50),
        queueP99Ms: model.queueTime.milliseconds(atPercentile: 99),
        computeP50Ms: model.computeTime.milliseconds(atPercentile: 50),
        computeP99Ms: model.computeTime.milliseconds(atPercentile: 99),
        joulesPerInference: ReadingStatus(model.joulesPerInference)
      )
    }
  }

  /// The operator's own keys, which the encoder's change to snake case must not touch.
  struct Labels: Encodable, Sendable {
    let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(values)
    }
  }
}
