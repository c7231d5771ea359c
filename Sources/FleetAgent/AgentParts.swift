package import FleetCore
package import FleetWire
import FoundationEssentials
import Glibc
package import Logging

/// An agent put together, ready to run: its seam for the control API, and its services for `ServiceGroup` in the order in which they depend
/// on each other (`supervisor`, `budget`, `drain`, `siblings`, `sampler`, `probation`).
package struct AgentParts: Sendable {
  package let agent: LocalAgent
  package let supervisor: EngineSupervisor
  package let sampler: Sampler
  package let budget: BudgetKeeper
  package let drain: DrainKeeper
  package let probation: ProbationKeeper
  package let siblings: SiblingWatch
  package let sockets: EngineSockets
  /// Where Prometheus asks; nil for nowhere.
  package let metrics: ListeningSocket?
  package let board: MetricsBoard

  /// Binds all sockets and opens the state folder. With `credentials` it fetches from siblings, and asks
  /// them before it leaves service, unless it is given other `links` to them. Throws in words for an operator.
  package static func open(
    _ configuration: AgentConfiguration,
    version: String,
    log: Logger,
    credentials: Credentials? = nil,
    clock: AgentClock = .system,
    memory: SwitchMemory? = nil,
    links: [NodeName: any NodeAgent]? = nil,
    spawner: (@Sendable (EngineSockets) -> any EngineSpawner)? = nil
  ) async throws -> AgentParts {
    let started = clock.date()
    let disk = Disk()
    let trusted = try TrustedKeys(files: configuration.trustedKeys, disk: disk)
    try disk.makeFolder(configuration.stateDirectory)
    let lock = try StateLock(folder: configuration.stateDirectory)
    let sockets = try await EngineSockets.binding(configuration)
    let metrics = try await ListeningSocket.binding(configuration.metrics, of: .metrics)
    let arguments = EngineArguments(configuration: configuration, agentStarted: started.timeIntervalSince1970)
    let repositoryRoot = "\(configuration.stateDirectory)/repository"
    let repository = try ModelRepository(
      root: repositoryRoot,
      keptVersions: configuration.keptVersions,
      disk: disk,
      date: clock.date,
      log: log
    )
    try await repository.open()
    let signatures = try SignatureKeeper(
      trusted: trusted,
      stateDirectory: configuration.stateDirectory,
      disk: disk,
      date: clock.date,
      log: log
    )
    await signatures.open()
    let budget = try BudgetKeeper(
      node: configuration.node,
      siblings: configuration.siblings.map(\.name),
      links: try links ?? SiblingLinks.make(configuration.siblings, credentials: credentials),
      perHour: configuration.autoDrain.perHour,
      stateDirectory: configuration.stateDirectory,
      clock: clock,
      log: log
    )
    let drain = try DrainKeeper(
      node: configuration.node,
      siblings: try Siblings(configuration.siblings),
      budget: budget,
      stateDirectory: configuration.stateDirectory,
      clock: clock,
      log: log
    )
    let siblings = try SiblingWatch(configuration.siblings, clock: clock)
    let changes = try ChangeLog(stateDirectory: configuration.stateDirectory, disk: disk, date: clock.date, log: log)
    await changes.open()
    await changes.note(.agentStarted, "agent \(version) started")
    let crashes = try CrashLog(stateDirectory: configuration.stateDirectory, disk: disk, log: log)
    await crashes.open()
    let supervisor = EngineSupervisor(
      spawner: NotedSpawner(
        spawner: spawner?(sockets) ?? EngineProcessSpawner(arguments: arguments, sockets: sockets),
        changes: changes
      ),
      log: log,
      crashes: CrashHandling(
        note: {
          await changes.note(NodeChange(time: $0.time, kind: .engineCrashed, text: "the engine ended: \($0.cause)"))
          await crashes.note($0)
        },
        retire: { (versions, reason) throws(CommandError) in
          let retirement = try await repository.retire(versions, reason: reason)
          await changes.note(.retired, retirement.words(reason), orderedBy: "agent")
          return retirement
        }
      ),
      lastCrash: await crashes.crashes.last,
      date: clock.date,
      now: clock.seconds
    ) {
      let options = configuration.models
      return EngineSupervisor.Briefing(
        standingOrders: await drain.standingOrders,
        models: await repository.loads(options),
        catalog: await repository.catalog(options)
      )
    }
    await drain.open(supervisor: supervisor)
    let autoDrain = try AutoDrainKeeper(
      rule: configuration.autoDrain,
      drain: drain,
      changes: changes,
      stateDirectory: configuration.stateDirectory,
      clock: clock,
      log: log
    )
    await autoDrain.open()
    let machine = Machine()
    let files = SystemFiles(sysfs: configuration.sysfs)
    let hub = FrameHub()
    let metricsBoard = MetricsBoard(version: version, now: clock.seconds)
    let pid = getpid()
    let sampler = Sampler(
      supervisor: supervisor,
      repository: repository,
      board: try ProbeBoard(
        ProbeList.all(files: files, repository: repositoryRoot, agentPID: pid)
      ),
      drain: drain,
      siblings: siblings,
      budget: budget,
      autoDrain: autoDrain,
      hub: hub,
      metrics: metricsBoard,
      builder: FrameBuilder(
        configuration: configuration,
        started: started,
        agentPID: pid,
        processor: machine.processor,
        certificateExpires: credentials?.expires
      ),
      clock: clock
    )
    let agent = LocalAgent(
      description: NodeDescription(
        name: configuration.node,
        agentVersion: version,
        agentPID: pid,
        started: started,
        operatingSystem: machine.operatingSystem,
        architecture: machine.architecture,
        cores: machine.cores,
        httpAddress: sockets.http.address.description,
        grpcAddress: sockets.grpc?.address.description,
        metricsAddress: metrics?.address.description,
        siblings: configuration.siblings.map(\.name),
        isSignatureRequired: !trusted.isEmpty
      ),
      repository: repository,
      signatures: signatures,
      supervisor: supervisor,
      drain: drain,
      changes: changes,
      budget: budget,
      autoDrain: autoDrain,
      hub: hub,
      memory: memory ?? SwitchMemory(files),
      options: configuration.models,
      credentials: credentials,
      clock: clock,
      log: log
    )
    return AgentParts(
      agent: agent,
      supervisor: supervisor,
      sampler: sampler,
      budget: budget,
      drain: drain,
      probation: ProbationKeeper(
        repository: repository,
        supervisor: supervisor,
        duration: configuration.probation,
        clock: clock,
        log: log
      ),
      siblings: siblings,
      sockets: sockets,
      metrics: metrics,
      board: metricsBoard,
      lock: lock
    )
  }

  private let lock: StateLock

  private init(
    agent: LocalAgent,
    supervisor: EngineSupervisor,
    sampler: Sampler,
    budget: BudgetKeeper,
    drain: DrainKeeper,
    probation: ProbationKeeper,
    siblings: SiblingWatch,
    sockets: EngineSockets,
    metrics: ListeningSocket?,
    board: MetricsBoard,
    lock: StateLock
  ) {
    self.agent = agent
    self.supervisor = supervisor
    self.sampler = sampler
    self.budget = budget
    self.drain = drain
    self.probation = probation
    self.siblings = siblings
    self.sockets = sockets
    self.metrics = metrics
    self.board = board
    self.lock = lock
  }
}
